# Which strategy has the fastest step, over nodes and link bandwidth (needs both swept)
figure = "winner"
load ARG0[1:strlen(ARG0) - strlen("winner.gp")]."style.gnuplot"

key_ = "cluster.link.bandwidth"
is_swept = 0
set table $ignored
plot runs using (is_swept = is_swept + (sum [i_ = 2:before > 2 ? before - 1 : 2] columnhead(i_) eq key_)) every ::0::0 with table
unset table
if (!is_swept) { eval skip("cluster.link.bandwidth is not swept") }

# Cells in order of appearance; in each the best of all its runs.
nodes = ""; rates = ""; winners = ""
add(n, b) = (nodes = joined(nodes, n), rates = joined(rates, b), 0)
set table $ignored
plot runs using (strcol("status") eq "ok" ? add(strcol("nodes"), strcol(key_)) : 0) with table
unset table
if (words(nodes) < 2) { eval skip("nodes is not swept") }

array best[words(nodes) * words(rates)]
array win[words(nodes) * words(rates)]
do for [i = 1:|best|] { best[i] = 1e99; win[i] = "" }
cell(n, b) = (place(nodes, n) - 1) * words(rates) + place(rates, b)
race(i, s, t) = t < best[i] ? (best[i] = t, win[i] = s, 0) : 0
set table $ignored
plot runs using (strcol("status") eq "ok" ? race(cell(strcol("nodes"), strcol(key_)), strcol("strategy"), column("step_s")) : 0) with table
unset table
do for [i = 1:|win|] { winners = strlen(win[i]) ? joined(winners, win[i]) : winners }

time_(s) = s < 1e-6 ? sprintf("%.3g ns", 1e9 * s) : s < 1e-3 ? sprintf("%.3g us", 1e6 * s) : s < 1 ? sprintf("%.3g ms", 1e3 * s) : sprintf("%.3g s", s)
set print $cells
do for [i = 1:words(nodes)] { do for [j = 1:words(rates)] {
    k = (i - 1) * words(rates) + j
    if (strlen(win[k])) { print sprintf("%d,%d,%s,%s", i, j, win[k], time_(best[k])) }
} }
set print "-"

unset datafile columnheaders
set title "Fastest step by strategy, and its simulated time"
set xlabel "nodes"
set ylabel "link bandwidth"
set xrange [0.5 : words(nodes) + 0.5]
set yrange [0.5 : words(rates) + 0.5]
unset grid
set xtics () scale 0
set ytics () scale 0 noenhanced
set for [i = 1:words(nodes)] xtics add (word(nodes, i) i)
set for [j = 1:words(rates)] ytics add (word(rates, j) j)
set style fill solid 0.75 border lc rgb "white"
set key outside right top Left reverse samplen 1
width = 900
do for [t in terminals] {
    eval begin(t)
    plot for [w in winners] $cells using (strcol(3) eq w ? $1 : NaN):2:(0.49):(0.49) \
            with boxxyerror lc rgb colour_of(w) title w, \
         $cells using 1:2:(strcol(3)."\n".strcol(4)) with labels tc rgb "black" notitle
}
eval finish
