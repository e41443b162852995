# Which strategy has the fastest step, over nodes and link bandwidth (needs both swept), a panel a model
figure = "winner"
load ARG0[1:strlen(ARG0) - strlen("winner.gp")]."style.gnuplot"

key_ = "cluster.link.bandwidth"
is_swept = 0
set table $ignored
plot runs using (is_swept = is_swept + (sum [i_ = 2:before > 2 ? before - 1 : 2] columnhead(i_) eq key_)) every ::0::0 with table
unset table
if (!is_swept) { eval skip("cluster.link.bandwidth is not swept") }

# Cells in order of appearance; in each the best of all its runs. Models differ by panel.
nodes = ""; rates = ""; models = ""; winners = ""
add(n, b, m) = (nodes = joined(nodes, n), rates = joined(rates, b), models = joined(models, m), 0)
set table $ignored
plot runs using (strcol("status") eq "ok" ? add(strcol("nodes"), strcol(key_), plain(strcol("model"))) : 0) with table
unset table
if (words(nodes) < 2) { eval skip("nodes is not swept") }

panels = words(models)
each = words(nodes) * words(rates)
array best[panels * each]
array win[panels * each]
do for [i = 1:|best|] { best[i] = 1e99; win[i] = "" }
cell(n, b, m) = (place(models, m) - 1) * each + (place(nodes, n) - 1) * words(rates) + place(rates, b)
race(i, s, t) = t < best[i] ? (best[i] = t, win[i] = s, 0) : 0
set table $ignored
plot runs using (strcol("status") eq "ok" ? race(cell(strcol("nodes"), strcol(key_), plain(strcol("model"))), strcol("strategy"), column("step_s")) : 0) with table
unset table
do for [i = 1:|win|] { winners = strlen(win[i]) ? joined(winners, win[i]) : winners }
array here[panels] # those of each panel
do for [m = 1:panels] {
    here[m] = ""
    do for [i = (m - 1) * each + 1:m * each] { if (strlen(win[i])) { here[m] = joined(here[m], win[i]) } }
}

time_(s) = s < 1e-6 ? sprintf("%.3g ns", 1e9 * s) : s < 1e-3 ? sprintf("%.3g us", 1e6 * s) : s < 1 ? sprintf("%.3g ms", 1e3 * s) : sprintf("%.3g s", s)
set print $cells
do for [m = 1:panels] { do for [i = 1:words(nodes)] { do for [j = 1:words(rates)] {
    k = (m - 1) * each + (i - 1) * words(rates) + j
    if (strlen(win[k])) { print sprintf("%d,%d,%s,%s,%d", i, j, win[k], time_(best[k]), m) }
} } }
set print "-"

unset datafile columnheaders
title_ = "Fastest step by strategy, and its simulated time"
set xlabel "nodes"
set xrange [0.5 : words(nodes) + 0.5]
set yrange [0.5 : words(rates) + 0.5]
unset grid
set xtics () scale 0
set ytics () scale 0 noenhanced
set for [i = 1:words(nodes)] xtics add (word(nodes, i) i)
set for [j = 1:words(rates)] ytics add (word(rates, j) j)
set style fill solid 0.75 border lc rgb "white"
set key outside right top Left reverse samplen 1
width = panels > 1 ? 240 + 500 * panels : 900
height = words(rates) > 8 ? 70 * words(rates) : height
left_of(m) = (140.0 + 500.0 * (m - 1)) / width
do for [t in terminals] {
    eval begin(t)
    if (panels > 1) { set multiplot title title_ }
    do for [m = 1:panels] {
        set title panels > 1 ? word(models, m) : title_
        if (m > 1) { unset ylabel } else { set ylabel "link bandwidth" }
        if (panels > 1) {
            set lmargin at screen left_of(m); set rmargin at screen left_of(m) + 400.0 / width
            set tmargin at screen 0.88; set bmargin at screen 0.09
            set key at screen 0.995, screen 0.88 right top
        }
        if (m == panels) { set key on } else { unset key }
        plot for [w in here[m]] $cells using ($5 == m && strcol(3) eq w ? $1 : NaN):2:(0.49):(0.49) \
                with boxxyerror lc rgb colour_of(w) notitle, \
             $cells using ($5 == m ? $1 : NaN):2:(strcol(3)."\n".strcol(4)) with labels tc rgb "black" notitle, \
             for [w in winners] keyentry with boxes lc rgb colour_of(w) title w
    }
    if (panels > 1) { unset multiplot }
}
eval finish
