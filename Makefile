# threadrack: `make help` lists the targets. Adding a file needs no edit here.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
SANITIZE ?=
ifeq ($(origin CC),default)
CC = gcc
endif

# As many jobs as processors, unless the user says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

# `make V=1` shows the commands in full.
V ?=
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# The floors, from the ground up. A helper build may name fewer: make check FLOORS="base config".
FLOORS ?= base host math config record cluster clock rank comm data model strategy experiment cli

# A sanitizer build has a folder of its own.
comma := ,
OUT := $(BUILD)$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))

# BLIS has no pkg-config file. The serial static library is the one whose build and kernels we
# know; else whichever libblis the system links.
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BLIS_SERIAL := $(wildcard /usr/lib/$(MULTIARCH)/blis-serial/libblis.a)
BLIS_FOLDER := $(if $(BLIS_SERIAL),/usr/include/$(MULTIARCH)/blis-serial,$(wildcard /usr/include/blis))
BLIS_LIBS := $(or $(BLIS_SERIAL),-lblis)
LIBS = $(BLIS_LIBS) -lhwloc -lyaml -ljansson -lz -lexpat -lm -lpthread

# The same arithmetic in every build: no contraction, no fast-math (see the design's determinism). Fields that
# were stored one by one and are then copied by two stall the processor, so gcc joins none (math/ asks for what
# its loops need itself).
CFLAGS ?= $(if $(SANITIZE),-O1,-O2) -g
ALL_CFLAGS = -std=gnu11 -fopenmp -ffp-contract=off -fno-math-errno -fno-tree-slp-vectorize -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -D_GNU_SOURCE -Iinclude \
	$(addprefix -isystem ,$(BLIS_FOLDER)) $(CFLAGS)
ifneq ($(SANITIZE),)
# The sanitizers make gcc guess wrongly how long texts may be.
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -Wno-format-truncation \
	-Wno-format-overflow -Wno-maybe-uninitialized
ifneq ($(findstring fuzzer,$(SANITIZE)),)
ALL_CFLAGS += -DTHREADRACK_FUZZER -Wno-unknown-warning-option -Wno-unknown-pragmas
endif
export ASAN_OPTIONS = detect_leaks=1
export UBSAN_OPTIONS = print_stacktrace=1:halt_on_error=1
endif

SOURCES := $(foreach floor,$(FLOORS),$(sort $(shell find src/$(floor) -name '*.c' ! -name main.c 2>/dev/null)))
OBJECTS := $(SOURCES:%.c=$(OUT)/obj/%.o)
MAIN := $(OUT)/obj/src/cli/main.o
TEST_SOURCES := tests/main.c tests/workers.c $(foreach floor,$(FLOORS),$(sort $(wildcard tests/$(floor)/*.c)))
# The fuzz targets read what all floors read.
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/*.c))
TEST_SOURCES += $(if $(filter cli,$(FLOORS)),$(FUZZ_SOURCES))
# The cases that are held against SimGrid; the program that asks it is built where it is installed.
CASES := tests/simgrid/cases.c tests/simgrid/events.c
TEST_SOURCES += $(if $(filter comm,$(FLOORS)),$(CASES))
SIMGRID := $(if $(SANITIZE),,$(wildcard /usr/include/simgrid/s4u.hpp /usr/local/include/simgrid/s4u.hpp))
FIGURES := $(if $(SIMGRID),$(OUT)/simgrid/figures)
RACE := $(if $(SIMGRID),$(OUT)/simgrid/race)
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(OUT)/obj/%.o)
FUZZERS := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(filter-out %/replay.c,$(FUZZ_SOURCES)))
BENCH_SOURCES := $(sort $(wildcard tests/bench/*.c))
BENCH_PARTS := $(patsubst %.c,$(OUT)/obj/%.o,$(sort $(wildcard tests/bench/parts/*.c)))
BENCHES := $(BENCH_SOURCES:tests/bench/%.c=$(OUT)/bench/%)
PROGRAM := $(if $(filter cli,$(FLOORS)),$(OUT)/threadrack)

.DEFAULT_GOAL := all
.PHONY: all help deps demo experiments check check-all check-more check-built check-simgrid check-simgrid-built \
	bench bench-built fuzz fuzz-built install clean tests FORCE
.DELETE_ON_ERROR:

# Seconds that each fuzz target is run for, as many targets at a time as there are processors.
FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang

# Tests carried out side by side.
TEST_PROCESSES ?= $(shell nproc 2>/dev/null || echo 2)

# Words in the names of the suites to run; none: all. Those whose code many threads run.
SUITES ?=
THREADED := host: rank: clock: comm: timing compression federated alone slow pipedream

all: $(OUT)/threadrack ## build the program

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20
	@echo
	@echo 'Variables: PREFIX= DESTDIR= (install), SANITIZE=address,undefined or SANITIZE=thread, BUILD=, V=1'

deps: ## install what is missing (apt-get)
	@.ci/deps

# What the lines above found depends on what is installed, so they are read again after `deps`.
demo: deps ## install what is missing, build, train and compare strategies, plot
	@$(MAKE) --no-print-directory all
	@$(OUT)/threadrack demo --out results/demo

check: deps ## install what is missing, build, run the tests
	@$(MAKE) --no-print-directory check-built

check-all: check ## the tests, plain and under every sanitizer, and the fuzz targets
	@$(MAKE) --no-print-directory check-more

# What check-all does after check.
check-more:
	@$(MAKE) --no-print-directory check-built SANITIZE=address,undefined
	@$(MAKE) --no-print-directory check-built SANITIZE=thread SUITES="$(THREADED)"
	@$(MAKE) --no-print-directory fuzz
	@tests/same_bytes.sh $(BUILD)/threadrack $(BUILD)/address-undefined/threadrack $(BUILD)/thread/threadrack

check-simgrid: ## install SimGrid, ask it anew and hold the flow model against it
	@.ci/deps libsimgrid-dev
	@$(MAKE) --no-print-directory check-simgrid-built

check-simgrid-built: $(OUT)/tests $(OUT)/simgrid/figures
	SIMGRID_FIGURES=$(OUT)/simgrid $(OUT)/tests SimGrid

check-built: $(OUT)/tests $(PROGRAM) $(FIGURES)
	@tests/layering.sh --self-test
	@tests/layering.sh . $(OUT)/obj
	$(if $(PROGRAM),$(if $(SANITIZE),,@tests/same_bytes.sh $(PROGRAM)))
	THREADRACK=$(PROGRAM) SIMGRID_FIGURES=$(FIGURES:%/figures=%) TSAN_OPTIONS=$${TSAN_OPTIONS-die_after_fork=0} $(OUT)/tests -j $(TEST_PROCESSES) $(SUITES)

experiments: deps ## run the recorded experiments of plots/experiments anew, and draw them
	@$(MAKE) --no-print-directory all
	@plots/experiments/rerun.sh $(OUT)/threadrack

bench: deps ## measure what threadrack adds to the maths
	@$(MAKE) --no-print-directory bench-built

bench-built: $(BENCHES) $(RACE)
	@for bench in $(BENCHES); do echo "== $$bench"; $$bench || exit 1; done
	$(if $(RACE),@echo "== $(RACE)"; $(RACE) $(OUT)/simgrid/oracle $(OUT)/simgrid/race.case,@echo "no SimGrid here to be timed beside: make check-simgrid installs it")

# The fuzzers are clang's, a build of their own.
fuzz: ## look for bytes that break a reader of files, FUZZ_SECONDS each
	@.ci/deps fuzz
	@$(MAKE) --no-print-directory fuzz-built CC="$(FUZZ_CC)" SANITIZE=fuzzer-no-link,address,undefined

fuzz-built: $(FUZZERS)
	@printf '%s\n' $(FUZZERS) | xargs -P $$(nproc 2>/dev/null || echo 2) -I FUZZER \
		tests/fuzz/run.sh FUZZER $(FUZZ_SECONDS)

install: $(OUT)/threadrack ## into PREFIX (/usr/local), below DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/threadrack/topologies \
		$(DESTDIR)$(PREFIX)/share/threadrack/plots $(DESTDIR)$(PREFIX)/share/threadrack/models
	install $(OUT)/threadrack $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(wildcard topologies/*) $(DESTDIR)$(PREFIX)/share/threadrack/topologies
	install -m 644 $(wildcard plots/*.*) $(DESTDIR)$(PREFIX)/share/threadrack/plots
	install -m 644 $(wildcard src/model/files/*) $(DESTDIR)$(PREFIX)/share/threadrack/models

clean: ## remove what was built
	rm -rf $(BUILD)

tests: $(OUT)/tests

# Files that change when the flags, the compiler, or the list of objects do.
FLAGS_NOW = $(CC) $(shell $(CC) -dumpfullversion 2>/dev/null) $(ALL_CFLAGS)
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS_NOW)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_NOW)' > $@

$(OUT)/objects: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(OBJECTS) $(TEST_OBJECTS) '$(LIBS)' | cmp -s - $@ || \
		printf '%s\n' $(OBJECTS) $(TEST_OBJECTS) '$(LIBS)' > $@

LINK = $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^)

$(OUT)/threadrack: $(OBJECTS) $(MAIN) $(OUT)/objects
	$(call say,link,$@)
	$(Q)$(LINK) $(LIBS)

$(OUT)/tests: $(OBJECTS) $(TEST_OBJECTS) $(OUT)/objects
	$(call say,link,$@)
	$(Q)$(LINK) -lcunit $(LIBS)

$(OUT)/bench/%: $(OUT)/obj/tests/bench/%.o $(BENCH_PARTS) $(OBJECTS) $(OUT)/objects
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(LINK) $(LIBS)

# An archive, so that a fuzzer has only the floors that its reader stands on.
$(OUT)/threadrack.a: $(OBJECTS) $(OUT)/objects
	$(call say,ar,$@)
	$(Q)rm -f $@ && ar rcs $@ $(OBJECTS)

$(OUT)/fuzz/%: $(OUT)/obj/tests/fuzz/%.o $(OUT)/threadrack.a
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(CC) $(subst fuzzer-no-link,fuzzer,$(ALL_CFLAGS)) $(LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/simgrid/oracle: tests/simgrid/oracle.cpp
	@mkdir -p $(@D)
	$(call say,cxx,$<)
	$(Q)$(CXX) -std=c++17 -O2 -Wall -o $@ $< -lsimgrid

$(OUT)/simgrid/race: $(OUT)/simgrid/oracle
$(OUT)/simgrid/write $(OUT)/simgrid/race: $(OUT)/simgrid/%: $(OUT)/obj/tests/simgrid/%.o $(CASES:%.c=$(OUT)/obj/%.o) $(OBJECTS)
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(LINK) $(LIBS)

$(OUT)/simgrid/figures: $(OUT)/simgrid/write $(OUT)/simgrid/oracle
	$(call say,ask,SimGrid)
	$(Q)$(OUT)/simgrid/write $(OUT)/simgrid $(OUT)/simgrid/oracle 1 | sh -e
	@touch $@

.PRECIOUS: $(OUT)/obj/%.o
$(OUT)/obj/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,cc,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -I. -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d) $(MAIN:.o=.d) $(TEST_OBJECTS:.o=.d) $(OUT)/obj/tests/simgrid/write.d $(OUT)/obj/tests/simgrid/race.d $(BENCH_SOURCES:%.c=$(OUT)/obj/%.d) $(BENCH_PARTS:.o=.d)
