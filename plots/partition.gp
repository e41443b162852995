# Training rows by node and label, a panel a run (a results folder of partition or of a run with one)
figure = "partition"
alone = 1
load ARG0[1:strlen(ARG0) - strlen("partition.gp")]."style.gnuplot"
table = dir."/partition.csv"

if (strlen(lacking(table, "run node nodes label label_rows rows partition"))) { eval refuse(table, "run node nodes label label_rows rows partition") }
if (!has_rows(table)) { eval skip("no run has a partition") }
runs = ""; labels = 0; nodes = 0
note(r, l, n) = (runs = joined(runs, r), labels = l > labels ? l : labels, nodes = n > nodes ? n : nodes, 0)
set table $ignored
plot table using (note(strcol("run"), strlen(strcol("label")) ? column("label") : 0, column("nodes"))) with table
unset table
if (words(runs) == 0) { eval skip("no run has a partition") }

# More labels than colours that can be told apart without their order: round the wheel, light and dark in turn.
of_label(l) = labels < words(colours) ? colour(l + 1) : \
    sprintf("#%06x", hsv2rgb(l / (labels + 1.0), l % 2 ? 0.95 : 0.55, l % 2 ? 0.65 : 0.95))
shown = words(runs) > 6 ? 6 : words(runs)
title_of(r) = system(sprintf("awk -F, -v run=%s 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == \"partition\") c = i } NR > 1 && $1 == run { print $c; exit }' '%s'", r, table))
rows_of(r, l) = strcol("run") eq r && (strlen(strcol("label")) ? column("label") == l : l == 0) ? (strlen(strcol("label")) ? column("label_rows") : column("rows")) : 0
set style fill solid 0.85 noborder
set boxwidth 0.8
set xrange [-0.6 : nodes - 0.4]
set yrange [0:*]
set key outside right top Left reverse samplen 1
set xlabel "node"
do for [t in terminals] {
    eval begin(t)
    set multiplot layout (shown > 2 ? 2 : 1), (shown > 2 ? (shown + 1) / 2 : shown)
    do for [i = 1:shown] {
        run = word(runs, i)
        set title "Training rows by node and label: ".title_of(run) noenhanced
        # Stacked by hand, from the top label down, so that each box hides the lower part of the one before.
        plot for [l = labels:0:-1] table using (strcol("run") eq run ? column("node") : NaN): \
                (strlen(strcol("label")) ? (column("label") <= l ? column("label_rows") : 0) : column("rows")) \
                smooth frequency with boxes lc rgb of_label(l) title sprintf("%d", l)
    }
    unset multiplot
}
eval finish
