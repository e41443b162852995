# Bus bandwidth of a collective against its size, a line an algorithm (a results folder of bench)
figure = "bench"
alone = 1
load ARG0[1:strlen(ARG0) - strlen("bench.gp")]."style.gnuplot"
table = dir."/bench.csv"

# A series is a run of the sweep under an algorithm.
key(x) = strcol("run")."|".strcol("algorithm")
line(k) = k[strstrt(k, "|") + 1:*].", run ".k[1:strstrt(k, "|") - 1]
all = ""; least = 1e30; most = 0
note(k, size) = (all = joined(all, k), least = size < least ? size : least, most = size > most ? size : most, 0)
what = ""
set table $ignored
plot table using (strlen(strcol("busbw_GBps")) ? (what = strcol("operation"), note(key(0), column("size_bytes"))) : 0) with table
unset table
if (words(all) == 0) { eval skip("no row has a bandwidth") }

pick(k, y) = key(0) eq k ? column(y) : NaN
set logscale x 2
set xrange [least / 1.1 : most * 1.1]
set format x "%.0b %BB"
set key outside right top Left reverse samplen 2
do for [t in terminals] {
    eval begin(t)
    set multiplot layout 1,2
    set title "Bus bandwidth of ".what." [GB/s]"
    unset logscale y
    set yrange [0:*]
    unset key
    plot for [i = 1:words(all)] table using (column("size_bytes")):(pick(word(all, i), "busbw_GBps")) \
            with linespoints lw 2 pt point(i) ps 0.8 lc rgb colour(i) title line(word(all, i))
    set title "Simulated time [us]"
    set logscale y 10
    set yrange [*:*]
    set key top left inside Left reverse samplen 2 noenhanced
    plot for [i = 1:words(all)] table using (column("size_bytes")):(1e6 * pick(word(all, i), "time_s")) \
            with linespoints lw 2 pt point(i) ps 0.8 lc rgb colour(i) title line(word(all, i))
    unset multiplot
    unset logscale y
}
eval finish
