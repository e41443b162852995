/* Wrong command lines and files: each exits with 2 and one clear message, and writes nothing. */
#include "tests/check.h"

#include "child.h"

static const struct fixture fixtures[] = {
    {"empty.yaml", "", 0},
    {"typo.yaml", "nodes: 2\nstratgy: data\n", 0},
    {"twice.yaml", "nodes: 2\nnodes: 4\n", 0},
    {"list.yaml", "strategy: [data, tensor]\n", 0},
    {"two.yaml", "nodes: 2\n---\nnodes: 4\n", 0},
    {"broken.yaml", "nodes: [2, 4\n", 0},
    {"anchor.yaml", "nodes: &n 2\n", 0},
    {"sequence.yaml", "- nodes\n", 0},
    {"zero.yaml", "mesh:\n  data: 0\n", 0},
    {"deep.yaml", "model: {mlp: 3}\n", 0},
    {"cluster.yaml", "topology: star\nlnk: {bandwidth: 1Gbit/s, latency: 5us}\n", 0},
    {"name.yml", "topology: [ Rign ]\nnpus_count: [ 4 ]\nbandwidth: [ 50.0 ]\nlatency: [ 500.0 ]\n", 0},
    {"npus.yml", "topology: [ Ring ]\nnpus_count: [ 1 ]\nbandwidth: [ 50.0 ]\nlatency: [ 500.0 ]\n", 0},
    {"part.yml", "topology: [ Ring ]\nnpus_count: [ 2.5 ]\nbandwidth: [ 50.0 ]\nlatency: [ 500.0 ]\n", 0},
    {"rate.yml", "topology: [ Ring ]\nnpus_count: [ 4 ]\nbandwidth: [ 0 ]\nlatency: [ 500.0 ]\n", 0},
    {"time.yml", "topology: [ Ring ]\nnpus_count: [ 4 ]\nbandwidth: [ 50.0 ]\nlatency: [ -1 ]\n", 0},
    {"unit.yml", "topology: [ Ring ]\nnpus_count: [ 4 ]\nbandwidth: [ 50.0 ]\nlatency: [ 5us ]\n", 0},
    {"more.yml", "topology: [ Ring ]\nnpus_count: [ 4 ]\nbandwidth: [ 50.0 ]\nlatency: [ 1, 2 ]\n", 0},
    {"none.yml", "topology: [ Ring ]\nnpus_count: [ 4 ]\nbandwidth: [ 50.0 ]\n", 0},
    {"word.yml", "topology: [ Ring ]\nnpus_count: [ 4 ]\nbandwidth: [ 50.0 ]\nlatency: [ 500.0 ]\nlatncy: [ 1 ]\n", 0},
    {"huge.yml", "topology: [ Ring, Ring, Ring ]\nnpus_count: [ 1000, 1000, 1000 ]\nbandwidth: [ 1, 1, 1 ]\nlatency: [ 1, 1, 1 ]\n", 0},
    {"good.yaml", "nodes: 2\n", 0},
    {"ragged.csv", "1,2,0\n3,4\n", 0},
    {"words.csv", "1,2,0\n3,x,1\n", 0},
    {"label.csv", "1,2,0.5\n", 0},
    {"empty.csv", "", 0},
    {"short.safetensors", "\x64\0\0\0\0\0\0\0{\"0.weight\"", 19},
    {"tiny.safetensors", "hello", 0},
    {"empty.goal", "", 0},
    {"word.goal", "num_ranks 2\nrank 0 {\nl1: sned 8b to 1\n}\n", 0},
    {"any.goal", "num_ranks 2\nrank 0 {\nrecv 8b from -1\n}\n", 0},
    {"nic.goal", "num_ranks 2\nrank 0 {\nsend 8b to 1 tag 0 cpu 0 nic 1\n}\n", 0},
    {"circle.goal", "num_ranks 1\nrank 0 {\na: calc 1\nb: calc 1\na requires b\nb requires a\n}\n", 0},
    {"label.goal", "num_ranks 1\nrank 0 {\na: calc 1\na requires b\n}\n", 0},
    {"open.goal", "num_ranks 1\nrank 0 {\n", 0},
    {"two.goal", "num_ranks 2\n", 0},
    {NULL, NULL, 0},
};

static const struct row {
    const char *words;
    const char *said; /* what the message must hold */
} rows[] = {
    /* Subcommands and options. */
    {"", "a subcommand is missing"},
    {"swep", "did you mean 'sweep'?"},
    {"--nonsense", "unrecognized option '--nonsense'"},
    {"run --nonsense", "unrecognized option '--nonsense'"},
    {"run --out", "requires an argument"},
    {"run --jobs 0", "--jobs '0': expected a whole number from 1"},
    {"run --jobs many", "--jobs 'many'"},
    {"run --seed x", "seed=x: expected a whole number"},
    {"run --seed 1 --seed 2", "--seed is given twice"},
    {"run seed=1 --seed 2", "seed is given twice"},
    {"run good.yaml typo.yaml", "'good.yaml' is the experiment file"},
    {"run --zip nodes=1", "unrecognized option '--zip'"},
    {"topology ethernet-11g", "no cluster file 'ethernet-11g'"},
    {"topology name.yml", "name.yml:1:13: topology: 'Rign': expected Ring, FullyConnected or Switch; did you mean"},
    {"topology npus.yml", "npus.yml:2:15: npus_count: '1': expected a whole number from 2"},
    {"topology part.yml", "part.yml:2:15: npus_count: '2.5': expected a whole number"},
    {"topology rate.yml", "rate.yml:3:14: bandwidth: '0': expected a number of GB/s above 0"},
    {"topology time.yml", "time.yml:4:12: latency: '-1': expected a number of ns from 0"},
    {"topology unit.yml", "unit.yml:4:12: latency: '5us': expected a number of ns"},
    {"topology more.yml", "more.yml:4:10: latency has 2 items, and topology has 1"},
    {"topology none.yml", "none.yml: the key 'latency' is missing"},
    {"topology word.yml", "word.yml:5:1: the key 'latncy' is not modelled"},
    {"topology huge.yml", "more than 1000000 places"},
    {"topology cluster=good.yaml cluster.format=astra", "good.yaml:1:1: the key 'nodes' is not modelled"},
    {"topology cluster.topology=star", "takes any number of nodes"},
    {"topology ring nodes=4 --route 0", "expected two nodes such as 0,17"},
    {"topology ring nodes=4 --route 0,4", "nodes are 0 to 3"},
    {"topology ring nodes=4,8", "several values"},
    {"list strategie", "did you mean 'strategies'?"},
    {"list models host", "one family at a time"},
    {"plot", "which folder?"},
    {"plot missing", "cannot read 'missing/runs.csv'"},
    {"demo fast", "takes options only"},
    {"bench", "which operation?"},
    {"bench allreduc", "did you mean 'allreduce'?"},
    {"bench allreduce -b 1M", "-b 1M: could be binary or decimal: write 1MiB"},
    {"bench allreduce -b x", "-b x: expected a size such as"},
    {"bench allreduce -f 2 -i 8", "grow by one of the two"},
    {"bench allreduce -f 1", "-f 1: outside 2 to"},
    {"bench allreduce -b 16 -e 8", "-b 16 is more than -e 8"},
    {"bench allreduce --algorithm rings", "did you mean 'ring'?"},
    {"bench allreduce -n 0", "-n 0: outside 1 to"},
    {"bench allreduce --jobs 2", "one thing at a time"},
    {"bench allreduce batch=1,2", "a bench does not read it"},
    {"bench allreduce netmodel=hokney", "did you mean 'hockney'?"},
    {"bench allreduce nodes=0", "outside 1 to"},
    /* Experiment files. */
    {"run missing.yaml", "missing.yaml: cannot open: No such file"},
    {"run empty.yaml", "empty.yaml: the file is empty"},
    {"run typo.yaml", "typo.yaml:2:1: unknown key 'stratgy'; did you mean 'strategy'?"},
    {"run twice.yaml", "twice.yaml:2:1: the key 'nodes' is given twice; first at twice.yaml:1:1"},
    {"run two.yaml", "two.yaml:2:1: a second document"},
    {"run broken.yaml", "broken.yaml:2:1: not YAML"},
    {"run anchor.yaml", "anchors (&) are not accepted"},
    {"run sequence.yaml", "expected a mapping"},
    {"run zero.yaml", "zero.yaml:2:9"},
    {"run deep.yaml", "unknown key 'model.mlp'"},
    {"run list.yaml", "use `threadrack sweep`"},
    {"run cluster=cluster.yaml", "cluster.yaml:2:1: unknown key 'cluster.lnk'"},
    {"run cluster=ethernet-10", "did you mean 'ethernet-10g'?"},
    {"run .", "threadrack: .: "},
    /* Words and units. */
    {"run stratgy=data", "did you mean 'strategy'?"},
    {"run seed=1 seed=2", "seed is given twice"},
    {"run =5", "unknown key ''"},
    {"run nodes=", "is empty"},
    {"run nodes=0", "outside 1 to"},
    {"run nodes=1000000000", "outside 1 to"},
    {"run nodes=-1", "expected a whole number"},
    {"run nodes=1.5", "expected a whole number"},
    {"run nodes=0x10", "expected a whole number"},
    {"run nodes=1,2", "use `threadrack sweep`"},
    {"run batch=0", "outside 1 to"},
    {"run batch=-64", "expected a whole number"},
    {"run batch=99999999999999999999", "batch=99999999999999999999"},
    {"run target_accuracy=nan", "expected a number"},
    {"run target_accuracy=inf", "expected a number"},
    {"run target_accuracy=1.5", "outside 0 to 1"},
    {"run bucket=25", "needs a unit: expected a size"},
    {"run cluster.link.bandwidth=10Gbps", "could be bits or bytes"},
    {"run cluster.link.bandwidth=5us", "unknown unit 'us': expected a bandwidth"},
    {"run cluster.link.bandwidth=0Gbit/s", "cluster.link.bandwidth=0Gbit/s"},
    {"run cluster.link.latency=5", "needs a unit: expected a time"},
    {"run cluster.link.latency=-5us", "expected a time"},
    {"run math=maybe", "expected on or off"},
    {"run data.order=sorted", "expected shuffled or sequential"},
    /* Members of families. */
    {"run strategy=dta", "did you mean 'data'?"},
    {"run netmodel=hokney", "did you mean 'hockney'?"},
    {"run compute=rooflin", "did you mean 'roofline'?"},
    {"run allreduce=rings", "did you mean 'ring'?"},
    {"run data=digit", "did you mean 'digits'?"},
    {"run optimizer=adm", "no optimizer is called 'adm'"},
    {"run optimizer=sgd:lr=fast", "lr=fast: expected a number"},
    {"run optimizer=sgd:rate=1", "sgd has no option 'rate'"},
    {"run model=cnn:3", "no model is called 'cnn'"},
    {"run model=mlp:64", "names no network"},
    {"run model=mlp:64-0-10", "names no network"},
    {"run model=mlp:64-10:reul", "did you mean 'relu'?"},
    /* What does not fit together. */
    {"run model=mlp:65-10", "data set digits has 64 features"},
    {"run model=mlp:64-9", "data set digits has 10 classes"},
    {"run strategy=single nodes=2", "strategy single"},
    {"run strategy=tensor nodes=4 mesh.tensor=3", "not nodes=4"},
    {"run strategy=pipeline nodes=16", "the largest that fits is 3"},
    {"run strategy=data nodes=65", "empty share"},
    {"run strategy=pipeline nodes=2 microbatches=1000", "cannot be split into 1000 microbatches"},
    {"run steps=1 epochs=1", "give one of the two"},
    {"run math=off init=tiny.safetensors", "init needs math=on"},
    {"run math=off save=x.safetensors", "save needs math=on"},
    {"run math=off target_accuracy=0.5", "target_accuracy needs math=on"},
    {"run math=off compute=measured", "it needs math=on"},
    {"run data.train_rows=5000", "5000 rows cannot train"},
    {"run trace=missing/x.json", "cannot write in the folder 'missing'"},
    {"run trace=x.json trace.steps=0", "this run has the steps 1 to 100"},
    {"run trace=x.json steps=5 trace.steps=4:6", "this run has the steps 1 to 5"},
    {"run trace=x.json trace.steps=6:4", "expected a step such as 5"},
    {"run strategy=data nodes=2 trace=x.json trace.nodes=1+", "expected a node such as 5"},
    {"run trace=x.json trace.nodes=0:1", "this run has the nodes 0 to 0"},
    {"sweep nodes=1,2 trace=x.json,y.json", "one is enough"},
    {"run clock.resolver=lane math=off", "lanes"},
    {"run clock.resolver=dataflow netmodel=loggp", "its ranks are threads"},
    {"run clock.resolver=windows math=off netmodel=flow", "only netmodel=loggp"},
    {"run clock.resolver=lanes math=off netmodel=ideal", "only netmodel=loggp"},
    {"run clock.resolver=lanes math=off netmodel=loggp links=on", "one by one"},
    {"run clock.threads=3 math=off", "1"},
    {"run links=perhaps", "expected auto, on or off"},
    /* Data and weights. */
    {"run init=short.safetensors", "truncated"},
    {"run init=tiny.safetensors", "it has only 5 bytes"},
    {"run init=missing.safetensors", "No such file"},
    {"run data=csv:ragged.csv", "ragged.csv:2:4: fewer columns"},
    {"run data=csv:words.csv", "words.csv:2:3: expected a number"},
    {"run data=csv:label.csv", "label.csv:1:5: expected a label"},
    {"run data=csv:empty.csv", "holds no rows"},
    {"run data=csv:missing.csv", "No such file"},
    /* GOAL. */
    {"run strategy=replay math=off", "needs replay.goal=FILE"},
    {"run strategy=replay replay.goal=two.goal", "it needs math=off"},
    {"run replay.goal=two.goal", "of strategy=replay only"},
    {"run strategy=replay math=off replay.goal=missing.goal", "cannot read 'missing.goal'"},
    {"run strategy=replay math=off replay.goal=empty.goal", "empty.goal:1: num_ranks is missing"},
    {"run strategy=replay math=off replay.goal=word.goal", "word.goal:3: expected send, recv, calc"},
    {"run strategy=replay math=off replay.goal=any.goal", "any.goal:3: expected a rank below"},
    {"run strategy=replay math=off replay.goal=nic.goal", "nic.goal:3: expected nic 0"},
    {"run strategy=replay math=off replay.goal=circle.goal", "circle.goal:3: rank 0 can never"},
    {"run strategy=replay math=off replay.goal=label.goal", "label.goal:4: no statement"},
    {"run strategy=replay math=off replay.goal=open.goal", "open.goal:3: rank 0 is not closed"},
    {"run strategy=replay math=off replay.goal=two.goal nodes=1", "num_ranks 2, but the cluster"},
    {"run strategy=replay math=off replay.goal=two.goal goal=x.goal", "a GOAL file already"},
    {"run cluster.loggp.overhead_per_byte=10ps", "expected a time a byte"},
    {"run goal=/nowhere/x.goal", "cannot write in the folder"},
    /* Sweeps. */
    {"sweep missing.yaml", "cannot open"},
    {"sweep --zip nodes=1,2 batch=64,128,256", "equally long"},
    {"sweep nodes=1:64:x1", "would never end"},
    {"sweep nodes=8:1:x2", "a range goes upwards"},
    {"sweep nodes=1:64:2", "from:to:xfactor"},
    {"sweep seed=1:2000:+1 batch=1:2000:+1", "more than 1000000 points"},
    {"sweep nodes=1,zwei", "nodes=zwei: expected a whole number"},
    {"sweep nodes=1,2 nonsense=3", "unknown key 'nonsense'"},
    {"sweep cluster=nowhere,ethernet-10g", "no cluster file 'nowhere'"},
    {"sweep strategy=data,tensr", "did you mean 'tensor'?"},
    {"sweep compute=measured seed=1,2 --jobs 2", "use --jobs 1"},
    {"sweep math.kernel=generic,reference --jobs 2", "jobs run with the same kernels"},
    {"sweep --baseline 'nodes=x' nodes=1,2", "nodes=x: expected a whole number"},
};

/* Messages begin with the program's name; argp adds a hint of its own. */
static int message_count(const char *said)
{
    int count = 0;
    for (const char *at = said; (at = strstr(at, "threadrack")); at++)
        count += at == said || at[-1] == '\n';
    return count;
}

static bool is_refused(const struct bench *bench, const struct row *row)
{
    static struct outcome outcome;
    char words[256];
    bool writes = !strncmp(row->words, "run ", 4) || !strncmp(row->words, "sweep ", 6);
    int before = bench_entries(bench);
    snprintf(words, sizeof words, "%s%s", row->words,
             writes && !strstr(row->words, "--out") ? " --out results" : "");
    bench_run(bench, words, &outcome);
    bool good = outcome.code == 2 && message_count(outcome.err) == 1 &&
                strstr(outcome.err, row->said) && !*outcome.out && bench_entries(bench) == before;
    if (!good)
        fprintf(stderr, "\n`threadrack %s` exited with %d, %s; should say \"%s\" once; said:\n%s%s",
                words, outcome.code,
                bench_entries(bench) == before ? "wrote nothing" : "wrote files", row->said,
                outcome.err, outcome.out);
    return good;
}

static void each_is_refused_with_one_message(void)
{
    struct bench bench;
    bench_open(&bench, fixtures);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(is_refused(&bench, &rows[i]));
    bench_close(&bench);
}

SUITE("cli: bad input", TEST(each_is_refused_with_one_message));
