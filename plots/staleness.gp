# How stale the gradients were that the servers applied: a histogram, a colour a run
figure = "staleness"
alone = 1
load ARG0[1:strlen(ARG0) - strlen("staleness.gp")]."style.gnuplot"
table = dir."/staleness.csv"
if (lacking(table, "count") eq "the file") { eval skip("no strategy of these runs has staleness") }
if (!has_rows(table)) { eval skip("no strategy of these runs has staleness") }
if (strlen(lacking(table, "staleness count"))) { eval refuse(table, "staleness count") }

# One run alone needs no column of that name.
has_runs = strlen(lacking(table, "run")) == 0
has_words = strlen(lacking(table, "strategy")) == 0
run_(x) = has_runs ? strcol("run") : "0"
word_(x) = has_words ? strcol("strategy")."," : ""
all = ""; titles = ""; most = 0; total = 0
note(r, s, v, c) = (titles = has(all, r) ? titles : titles." ".s."run:".r, all = joined(all, r), most = v > most ? v : most, total = total + c, 0)
set table $ignored
plot table using (strlen(strcol("count")) ? note(run_(0), word_(0), column("staleness"), column("count")) : 0) with table
unset table
if (total == 0) { eval skip("no gradient was applied") }

n = words(all)
set style fill solid 0.85 noborder
set boxwidth 0.8 / n
set xrange [-0.6 : most + 0.6]
set yrange [0:*]
set xlabel "staleness: updates between reading the parameters and applying the gradient"
set ylabel "gradients"
set key outside right top Left reverse samplen 1
do for [t in terminals] {
    eval begin(t)
    plot for [i = 1:n] table using (run_(0) eq word(all, i) ? column("staleness") + (i - (n + 1) / 2.0) * 0.8 / n : NaN):(column("count")) \
            with boxes lc rgb colour(i) title word(titles, i)
}
eval finish
