# Where a step's simulated time goes: compute, exposed communication, bubble and waiting, run by run
figure = "breakdown"
load ARG0[1:strlen(ARG0) - strlen("breakdown.gp")]."style.gnuplot"

bars = 0; longest = 0
measure(s) = (bars = bars + 1, longest = s > longest ? s : longest, 0)
# Only the runs that are ok: a label of another would fall on its neighbour's. (No cell is quoted.)
ok_runs = "< awk -F, 'NR==1{for(i=1;i<=NF;i++)if($i==\"status\")s=i} NR==1||$s==\"ok\"' '".runs."'"
set table $ignored
plot ok_runs using (strcol("status") eq "ok" ? measure(column("step_s")) : 0) with table
unset table
scale = longest < 1e-6 ? 1e9 : longest < 1e-3 ? 1e6 : longest < 1 ? 1e3 : 1
unit = longest < 1e-6 ? "ns" : longest < 1e-3 ? "us" : longest < 1 ? "ms" : "s"

# Bars stand side by side in the order of the runs that are ok; each part is drawn from the top down
# to the axis, and the next over it.
at_ = 0
place_next(x) = strcol("status") eq "ok" ? (at_ = at_ + 1, at_) : NaN
parts = "compute_share communication_share bubble_share waiting_share"
fills = "#0072B2 #D55E00 #F0E442 #BBBBBB"
name_(i) = i == 1 ? "compute" : i == 2 ? "exposed communication" : i == 3 ? "bubble" : "waiting"
upto(k) = k < 1 ? 0 : column(word(parts, k)) + upto(k - 1)
height_of(k) = scale * column("step_s") * upto(k)
label(x) = readable(series(0))." x".strcol("nodes")

width = bars > 40 ? 1600 : 1100
height = 620
set style fill solid 1 border lc rgb "white"
set boxwidth 0.8
set ylabel "simulated time of a step [".unit."]"
set xlabel "run: strategy x nodes"
set yrange [0:*]
set xrange [0.3 : bars + 0.7]
set xtics rotate by (bars > 24 ? 90 : -45) scale 0 noenhanced font ",9"
if (bars > 24) { set xtics right }
unset grid
set grid y lc rgb "#dddddd"
set key outside top center horizontal reverse Left samplen 1
do for [t in terminals] {
    eval begin(t)
    plot for [j = 0:3] at_ = 0, ok_runs using (place_next(0)):(height_of(4 - j)):xtic(label(0)) \
        with boxes lc rgb word(fills, 4 - j) title name_(4 - j)
}
eval finish
