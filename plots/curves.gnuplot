# Loss and test accuracy, a line a run, for learning.gp and bytes.gp, which set `figure` and load
# style.gnuplot; `x_name`, a column of steps.csv; x_scale(most) and x_unit(most), by which
# it is shown; and `x_label`.

need_columns = "run nodes loss accuracy ".x_name
if (strlen(lacking(steps, need_columns))) { eval refuse(steps, need_columns) }

# A line for each run of steps.csv that has losses, by its number and its words.
lines = ""; sizes = ""; furthest = 0; lowest = 1e300; highest = -1e300
run_(x) = strcol("run").":".strcol("nodes").":".series(0)
learn(t, n) = (lines = joined(lines, run_(0)), sizes = joined(sizes, n), furthest = t > furthest ? t : furthest, \
    lowest = column("loss") < lowest ? column("loss") : lowest, highest = column("loss") > highest ? column("loss") : highest, 0)
set table $ignored
plot steps using (strcol("loss") eq "" ? 0 : learn(column(x_name), strcol("nodes"))) with table
unset table
if (words(lines) == 0) { eval skip("nothing was trained (math=off)") }
if (furthest == 0) { eval skip("no run sent a byte, or took time") }

after(s) = s[strstrt(s, ":") + 1:*]
nodes_of(s) = after(s)[1:strstrt(after(s), ":") - 1]
series_of(s) = after(after(s))
# The more nodes, the stronger the colour.
faint(s) = 170 * (words(sizes) - place(sizes, nodes_of(s))) / (words(sizes) > 1 ? words(sizes) - 1 : 1)
tint(s) = strategy_of(series_of(s)) eq "single" ? colour_of("single") : \
          sprintf("#%02x%s", faint(s), colour_of(strategy_of(series_of(s)))[2:7])
title_of(s) = readable(series_of(s))." x".nodes_of(s)
is(s) = strcol("run") eq s[1:strstrt(s, ":") - 1]
pick(s, name) = is(s) && strlen(strcol(name)) ? column(name) : NaN
scale = x_scale(furthest)
unit = x_unit(furthest)

height = words(lines) > 28 ? 60 + 18 * words(lines) : 560
height = height > 3000 ? 3000 : height
set xrange [0:scale * furthest]
do for [t in terminals] {
    eval begin(t)
    set multiplot
    set lmargin at screen 0.07; set rmargin at screen 0.80
    set bmargin at screen 0.55; set tmargin at screen 0.95
    set ylabel "loss" offset 1
    unset xlabel
    set format x ""
    unset key
    if (lowest == highest) { set yrange [lowest - 1 : lowest + 1] } else { set yrange [*:*] }
    plot for [s in lines] steps using (is(s) ? scale * column(x_name) : NaN):(pick(s, "loss")) \
        with lines lw 2 lc rgb tint(s)
    set bmargin at screen 0.10; set tmargin at screen 0.50
    set ylabel "test accuracy"
    set yrange [0:1]
    set xlabel x_label." [".unit."]"
    set format x "%g"
    plot for [s in lines] steps using (pick(s, "accuracy") == pick(s, "accuracy") ? scale * column(x_name) : NaN):(pick(s, "accuracy")) \
        with linespoints lw 2 pt 7 ps 0.5 lc rgb tint(s)
    # The legend has a frame of its own, so that it may be as tall as the figure.
    set lmargin at screen 0.81; set rmargin at screen 0.99
    set bmargin at screen 0.02; set tmargin at screen 0.96
    set key at screen 0.82, screen 0.96 left top Left reverse samplen 3 maxrows 200
    unset border; unset tics; unset xlabel; unset ylabel; unset grid
    plot for [s in lines] NaN with lines lw 3 lc rgb tint(s) title title_of(s)
    set border 3 lc rgb "#444444"; set tics nomirror out; set grid lc rgb "#dddddd" lw 1; set yrange [*:*]
    unset multiplot
}
eval finish
