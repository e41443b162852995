# Speed-up over one node and efficiency against the number of nodes, a line a strategy
figure = "speedup"
load ARG0[1:strlen(ARG0) - strlen("speedup.gp")]."style.gnuplot"

if (most < 2) { eval skip("no run has more than one node") }
compared = ""
set table $ignored
plot runs using (strcol("status") eq "ok" && strlen(strcol("speedup")) ? (compared = joined(compared, series(0)), 0) : 0) with table
unset table
if (strlen(compared) == 0) { eval skip("no strategy here has a speed-up") }
if (fewest == most) { fewest = 0.9 * most; most = 1.1 * most }

pick(s, name) = series(0) eq s && strcol("status") eq "ok" ? column(name) : NaN
set logscale x 2
set xlabel "nodes"
set xrange [0.9 * fewest : 1.1 * most]

do for [t in terminals] {
    eval begin(t)
    set multiplot
    set lmargin at screen 0.07; set rmargin at screen 0.40
    set bmargin at screen 0.12; set tmargin at screen 0.90
    set title "Speed-up over strategy single"
    set logscale y 2
    set yrange [*:*]
    unset key
    set format y "%g"
    plot for [s in compared] runs using (column("nodes")):(pick(s, "speedup")) smooth unique \
            with linespoints lw 2 pt point_of(s) ps 0.9 lc rgb colour_of(strategy_of(s)) title readable(s), \
         [x = fewest:most] x with lines dt 2 lc rgb "#777777" title "ideal"
    set lmargin at screen 0.48; set rmargin at screen 0.81
    set title "Efficiency: speed-up over nodes"
    unset logscale y
    set yrange [0:*]
    set format y "%g %%"
    set key outside right top Left reverse samplen 2
    plot for [s in compared] runs using (column("nodes")):(100 * pick(s, "efficiency")) smooth unique \
            with linespoints lw 2 pt point_of(s) ps 0.9 lc rgb colour_of(strategy_of(s)) title readable(s), \
         [x = fewest:most] 100 with lines dt 2 lc rgb "#777777" title "ideal"
    unset multiplot
}
eval finish
