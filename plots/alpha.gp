# Test accuracy at the end against the Dirichlet's alpha (or other partitions), boxes over seeds
figure = "alpha"
load ARG0[1:strlen(ARG0) - strlen("alpha.gp")]."style.gnuplot"
need_columns = "partition seed final_accuracy"
if (strlen(lacking(runs, need_columns))) { eval refuse(runs, need_columns) }

lines = ""; kinds = ""
is_good(x) = strcol("status") eq "ok" && strlen(strcol("final_accuracy")) && strlen(strcol("partition"))
add(s, p) = (lines = joined(lines, s), kinds = joined(kinds, p), 0)
set table $ignored
plot runs using (is_good(0) ? add(series(0), strcol("partition")) : 0) with table
unset table
if (words(kinds) < 2) { eval skip("partition is not swept, or no accuracy was seen") }

# dirichlet:alpha=0.1 stands as 0.1; others by their name. In the order of the sweep.
alpha(p) = strstrt(p, "alpha=") ? p[strstrt(p, "alpha=") + 6:*] : ""
short(p) = strlen(alpha(p)) && p[1:9] eq "dirichlet" ? "alpha ".(strstrt(alpha(p), ";") ? alpha(p)[1:strstrt(alpha(p), ";") - 1] : alpha(p)) : p
n = words(lines)
at_(i, j) = j + (i - (n + 1) / 2.0) * 0.8 / n
set style boxplot outliers pointtype 7 fraction 1
set style fill solid 0.4 border -1
set boxwidth 0.7 / n
set xrange [0.4 : words(kinds) + 0.6]
set xtics () scale 0 noenhanced
set for [j = 1:words(kinds)] xtics add (short(word(kinds, j)) j)
if (words(kinds) > 8) { set xtics rotate by -35 }
set xlabel "partition of the training rows"
set ylabel "test accuracy at the end: all seeds, quartiles and median"
set key outside top center horizontal reverse Left samplen 1
unset grid
set grid y lc rgb "#dddddd"
do for [t in terminals] {
    eval begin(t)
    plot for [i = 1:n] for [j = 1:words(kinds)] runs \
            using (at_(i, j)):(is_good(0) && series(0) eq word(lines, i) && strcol("partition") eq word(kinds, j) ? column("final_accuracy") : NaN) \
            with boxplot lc rgb colour(i) notitle, \
         for [i = 1:n] NaN with boxes lc rgb colour(i) title readable(word(lines, i))
}
eval finish
