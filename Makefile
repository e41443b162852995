# threadrack: `make help` lists the targets. Adding a file needs no edit here.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
SANITIZE ?=
CC = gcc
PYTHON ?= python3

# The floors, from the ground up. A helper build may name fewer: make check FLOORS="base config".
FLOORS ?= base host math config record cluster clock rank comm data model strategy experiment cli

# The same arithmetic in every build: no contraction, no fast-math (see shared habits in README.md).
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 -fopenmp -ffp-contract=off -fno-math-errno -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -D_GNU_SOURCE -Iinclude -I$(BUILD) \
	$(BLIS_CFLAGS) $(CFLAGS)
ifneq ($(SANITIZE),)
BUILD := $(BUILD)/$(subst $(comma),-,$(SANITIZE))
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
endif
comma := ,

# BLIS has no pkg-config file. The serial static library is the one whose build and kernels we
# know; else whichever libblis the system links.
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BLIS_SERIAL := $(wildcard /usr/lib/$(MULTIARCH)/blis-serial/libblis.a)
BLIS_CFLAGS := $(if $(BLIS_SERIAL),-I/usr/include/$(MULTIARCH)/blis-serial)
BLIS_LIBS := $(or $(BLIS_SERIAL),-lblis)
LIBS = $(BLIS_LIBS) -lhwloc -lyaml -ljansson -lm -lpthread

SOURCES := $(foreach floor,$(FLOORS),$(sort $(shell find src/$(floor) -name '*.c' ! -name main.c 2>/dev/null)))
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)
MAIN := $(BUILD)/obj/src/cli/main.o
TEST_SOURCES := tests/main.c $(foreach floor,$(FLOORS),$(sort $(wildcard tests/$(floor)/*.c)))
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(BUILD)/obj/%.o)

.DEFAULT_GOAL := all
.PHONY: all help deps demo check check-all bench install clean tests

all: $(BUILD)/threadrack ## build the program

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20
	@echo
	@echo 'Variables: PREFIX= DESTDIR= (install), SANITIZE=address,undefined or SANITIZE=thread, BUILD='

$(BUILD)/threadrack: $(OBJECTS) $(MAIN)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests: $(OBJECTS) $(TEST_OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lcunit $(LIBS)

tests: $(BUILD)/tests

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -I. -MMD -MP -c -o $@ $<

clean: ## remove what was built
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(MAIN:.o=.d) $(TEST_OBJECTS:.o=.d)
