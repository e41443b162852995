# Time, bytes and steps to the target against what is swept (bandwidth first), a line a strategy; means over seeds
figure = "target"
load ARG0[1:strlen(ARG0) - strlen("target.gp")]."style.gnuplot"
need_columns = "time_to_target_s bytes_to_target steps_to_target target_reached seed compress partition ".\
               "nodes"
if (strlen(lacking(runs, need_columns))) { eval refuse(runs, need_columns) }

# The horizontal axis is the first of these keys whose values differ.
axes = "cluster.link.bandwidth cluster.slow.speed local_steps federated.epochs federated.clients servers eval_every nodes"
is_column(name) = strlen(lacking(runs, name)) == 0
key_ = ""; values = ""
do for [name in axes] {
    if (!strlen(key_) && is_column(name)) {
        values = ""
        set table $ignored
        plot runs using (strcol("status") eq "ok" ? (values = joined(values, plain(strcol(name))), 0) : 0) with table
        unset table
        if (words(values) > 1) { key_ = name }
    }
}
if (!strlen(key_)) { eval skip("none of ".axes." is swept") }

# In B/s: 1.25MB/s and 10Mbit/s are 1.25e6.
rest(s) = strstrt(s, "bit/s") ? s[1:strstrt(s, "bit/s") - 1] : strstrt(s, "B/s") ? s[1:strstrt(s, "B/s") - 1] : s
letter(s) = strlen(rest(s)) ? strstrt("kMGT", rest(s)[strlen(rest(s)):*]) : 0
prefix(s) = 1000.0 ** letter(s) / (strstrt(s, "bit/s") ? 8 : 1)
digits(s) = letter(s) ? rest(s)[1:strlen(rest(s)) - 1] : rest(s)
number(s) = s eq "all" || s eq "-" ? NaN : prefix(s) * (digits(s) + 0)
# A series: strategy, the swept keys but the axis, the axis of nodes apart, compressor and partition.
others(s, n) = n < 1 ? s : others(columnhead_is_axis(n + 1) ? s : s."|".plain(strcol(n + 1)), n - 1)
axis_at = 0
set table $ignored
plot runs using (axis_at == 0 ? (sum [i_ = 1:before] (columnhead(i_) eq key_ ? (axis_at = i_, 0) : 0), 0) : 0) every ::0::0 with table
unset table
columnhead_is_axis(n) = n == axis_at
# What differs among the runs is worth a word.
compressors = ""; partitions = ""; sizes = ""; reach = 0
look(x) = (compressors = joined(compressors, plain(strcol("compress"))), \
           partitions = joined(partitions, plain(strcol("partition"))), sizes = joined(sizes, strcol("nodes")), \
           reach = reach + strlen(strcol("target_reached")), 0)
set table $ignored
plot runs using (strcol("status") eq "ok" ? look(0) : 0) with table
unset table
if (reach == 0) { eval skip("no run had a target (target_accuracy, target_loss)") }
label_(x) = others(strcol("strategy"), swept).\
    (words(compressors) > 1 ? "|".plain(strcol("compress")) : "").\
    (words(partitions) > 1 ? "|".plain(strcol("partition")) : "").\
    (words(sizes) > 1 && key_ ne "nodes" ? "|x".strcol("nodes") : "")

lines = ""; places_ = ""
add(s, v) = (lines = joined(lines, s), places_ = joined(places_, v), 0)
set table $ignored
plot runs using (strcol("status") eq "ok" ? add(label_(0), plain(strcol(key_))) : 0) with table
unset table

# A cell is the runs of one line at one place, which differ by seed; it is drawn where all of them reached it.
cells = words(lines) * words(places_)
array count[cells]; array missed[cells]; array time_[cells]; array bytes_[cells]; array steps_[cells]
do for [i = 1:cells] { count[i] = 0; missed[i] = 0; time_[i] = 0; bytes_[i] = 0; steps_[i] = 0 }
cell(s, v) = (place(lines, s) - 1) * words(places_) + place(places_, v)
reached(i) = (time_[i] = time_[i] + column("time_to_target_s"), bytes_[i] = bytes_[i] + column("bytes_to_target"), \
              steps_[i] = steps_[i] + column("steps_to_target"), 0)
take(i) = (count[i] = count[i] + 1, strcol("target_reached") eq "1" ? reached(i) : (missed[i] = missed[i] + 1, 0))
set table $ignored
plot runs using (strcol("status") eq "ok" && strlen(strcol("target_reached")) ? take(cell(label_(0), plain(strcol(key_)))) : 0) with table
unset table
short = 0; runs_ = 0
set print $means
do for [i = 1:words(lines)] { do for [j = 1:words(places_)] {
    k = (i - 1) * words(places_) + j
    short = short + missed[k]; runs_ = runs_ + count[k]
    if (count[k] > 0 && missed[k] == 0) {
        print sprintf("%d,%.12g,%.12g,%.12g,%.12g", i, number(word(places_, j)), time_[k] / count[k], bytes_[k] / count[k], steps_[k] / count[k])
    }
} }
set print "-"
if (|$means| == 0) { eval skip("no run reached the target") }

# One line a strategy has the strategy's colour, as in the other figures.
leads = ""
do for [s in lines] { leads = joined(leads, strategy_of(s)) }
line_colour(i) = words(leads) == words(lines) ? colour_of(strategy_of(word(lines, i))) : colour(i)

unset datafile columnheaders
is_rate = key_ eq "cluster.link.bandwidth"
width = 1400
stretch = is_rate ? 8 : 1
set xlabel is_rate ? "link bandwidth [bit/s]" : key_
if (key_ eq "nodes") { set logscale x 2 } else { set logscale x }
set logscale y
set format x is_rate ? "%.0s%c" : "%g"
set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05
do for [t in terminals] {
    eval begin(t)
    set multiplot
    do for [panel = 1:3] {
        set lmargin at screen 0.05 + 0.27 * (panel - 1); set rmargin at screen 0.05 + 0.27 * (panel - 1) + 0.21
        set bmargin at screen 0.12; set tmargin at screen 0.90
        set title word("seconds bytes steps", panel).(panel == 1 ? ", simulated, to the target" : " to the target")
        set format y panel == 3 ? "%g" : "%.0s %c".word("s B", panel)
        unset key
        plot for [i = 1:words(lines)] $means using ($1 == i ? stretch * $2 : NaN):(column(2 + panel)) smooth unique \
            with linespoints lw 2 pt point(i) ps 0.9 lc rgb line_colour(i)
    }
    set lmargin at screen 0.82; set rmargin at screen 0.99
    set bmargin at screen 0.02; set tmargin at screen 0.96
    unset title
    set key at screen 0.82, screen 0.92 left top Left reverse samplen 2 maxrows 100 noenhanced
    unset border; unset tics; unset xlabel; unset ylabel; unset grid; unset logscale
    set xrange [0:1]; set yrange [0:1]
    if (short) { set label 1 sprintf("%d of %d runs did not reach it;\ntheir points are left out", short, runs_) at screen 0.82, screen 0.06 }
    plot for [i = 1:words(lines)] NaN with linespoints lw 2 pt point(i) ps 0.9 lc rgb line_colour(i) title readable(word(lines, i))
    unset label 1
    set border 3 lc rgb "#444444"; set tics nomirror out; set grid lc rgb "#dddddd" lw 1
    if (key_ eq "nodes") { set logscale x 2 } else { set logscale x }
    set logscale y; set xrange [*:*]; set yrange [*:*]; set xlabel is_rate ? "link bandwidth [bit/s]" : key_
    unset multiplot
}
eval finish
