# Where each node's time went: compute, exposed communication, bubble, waiting; a panel a run, six at most
figure = "waiting"
alone = 1
load ARG0[1:strlen(ARG0) - strlen("waiting.gp")]."style.gnuplot"
table = dir."/nodes.csv"
need_columns = "run strategy nodes node compute_s exposed_comm_s bubble_s waiting_s"
if (strlen(lacking(table, need_columns))) { eval refuse(table, need_columns) }

parts = "compute_s exposed_comm_s bubble_s waiting_s"
fills = "#0072B2 #D55E00 #F0E442 #BBBBBB"
name_(i) = i == 1 ? "compute" : i == 2 ? "exposed communication" : i == 3 ? "bubble" : "waiting"
upto(k) = k < 1 ? 0 : column(word(parts, k)) + upto(k - 1)
runs_ = ""; titles = ""; longest = 0
most_nodes = 0
note(r, s, n, l) = (most_nodes = n > most_nodes ? n : most_nodes, titles = has(runs_, r) ? titles : titles." ".s, runs_ = joined(runs_, r), longest = l > longest ? l : longest, 0)
if (!has_rows(table)) { eval skip("no node took time") }
set table $ignored
plot table using (strlen(strcol("compute_s")) ? note(strcol("run"), strcol("strategy")."_x".strcol("nodes"), column("nodes"), upto(4)) : 0) with table
unset table
if (words(runs_) == 0 || longest == 0) { eval skip("no node took time") }

scale = longest < 1e-6 ? 1e9 : longest < 1e-3 ? 1e6 : longest < 1 ? 1e3 : 1
unit = longest < 1e-6 ? "ns" : longest < 1e-3 ? "us" : longest < 1 ? "ms" : "s"
shown = words(runs_) > 6 ? 6 : words(runs_)
set style fill solid 1 noborder
set boxwidth 0.8
set yrange [0:*]
set xlabel "node"
set xrange [-0.6 : most_nodes - 0.4]
every_ = most_nodes > 16 ? ceil(most_nodes / 8.0) : 1
set xtics 0, every_
set ylabel "simulated time [".unit."]"
title_of(s) = s[1:strstrt(s, "_x") - 1]." ".s[strstrt(s, "_x") + 1:*]
do for [t in terminals] {
    eval begin(t)
    set multiplot layout (shown > 2 ? 2 : 1), (shown > 2 ? (shown + 1) / 2 : shown) title (words(runs_) > shown ? sprintf("the first %d of %d runs", shown, words(runs_)) : "")
    do for [i = 1:shown] {
        run = word(runs_, i)
        set title "run ".run.": ".title_of(word(titles, i)) noenhanced
        # Above the first panel's bars there is room for the legend.
        if (i == 1) { set key inside top right Left reverse samplen 1; set offsets 0, 0, graph (shown > 1 ? 1 : 0.3), 0 } \
        else { unset key; unset offsets }
        # From the top down, so that each box hides the lower part of the one before.
        plot for [k = 4:1:-1] table using (strcol("run") eq run ? column("node") : NaN):(scale * upto(k)) \
                with boxes lc rgb word(fills, k) title name_(k)
    }
    unset multiplot
}
eval finish
