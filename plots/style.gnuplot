# What all figures share. A figure's script sets `figure` (its file's name), loads this, and draws
# once for each of `terminals`, after `eval begin(t)`.

set datafile separator comma
set datafile missing NaN
set datafile columnheaders
if (!exists("dir")) dir = "."
runs = dir."/runs.csv"
steps = dir."/steps.csv"

terminals = "png svg"
width = 1100; height = 560
begin(t) = sprintf("set terminal %s size %d,%d font '%s' background rgb 'white'; set output dir.'/%s.%s'", \
                   t eq "png" ? "pngcairo" : "svg enhanced", width, height, \
                   t eq "png" ? "DejaVu Sans,11" : "DejaVu Sans,13", figure, t)
# Says where the pictures are, on standard output.
set print "-"
finish = "set output; print dir.'/'.figure.'.png'; print dir.'/'.figure.'.svg'"
# For a figure that these results cannot fill.
skip(why) = sprintf("set print; print figure.': skipped, %s'; exit", why)

# Columns of `names` that a table has not (no header is quoted); "the file" where there is none.
lacking(table, names) = system(sprintf("awk -F, -v names='%s' 'NR == 1 { for (i = 1; i <= NF; i++) has[$i] = 1; n = split(names, name, \" \"); for (i = 1; i <= n; i++) if (!(name[i] in has)) printf \"%%s%%s\", k++ ? \", \" : \"\", name[i] } END { if (!NR) printf \"the file\" }' '%s' 2> /dev/null || printf 'the file'", names, shell_quoted(table)))
has_rows(table) = int(system(sprintf("wc -l < '%s'", shell_quoted(table)))) > 1
shell_quoted(s) = strstrt(s, "'") ? s[1:strstrt(s, "'") - 1]."'\\''".shell_quoted(s[strstrt(s, "'") + 1:*]) : s
# For a table of another program, or of an older threadrack. Status 3: it is said.
refuse(table, names) = sprintf("set print; print '%s.gp: '.dir.'%s lacks %s: was it written by this threadrack?'; exit status 3", figure, table[strlen(dir) + 1:*], lacking(table, names))

set border 3 lc rgb "#444444"
set tics nomirror out
set grid lc rgb "#dddddd" lw 1
set key noenhanced
set title noenhanced

# Okabe and Ito's colours, which colour-blind readers can tell apart.
colours = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #000000 #999999"
colour(i) = word(colours, (i - 1) % words(colours) + 1)
known = "data tensor pipeline hybrid - - single"
strangers = "" # the other strategies, in order of appearance

# Lists of words, in order of appearance.
plain(s) = strlen(s) == 0 ? "-" : s
has(list, w) = strstrt(" ".list." ", " ".w." ") > 0
joined(list, w) = has(list, w) ? list : (strlen(list) ? list." ".w : w)
place(list, w) = (sum [i_ = 1:words(list)] (word(list, i_) eq w ? i_ : 0))
# A strategy has its colour in every figure of a folder.
stranger(i) = colour(int(word("5 6 8 3 2 4 1", (i - 1) % 7 + 1)))
colour_of(s) = place(known, s) > 0 ? colour(place(known, s)) : place(strangers, s) > 0 ? stranger(place(strangers, s)) : colour(8)

points = "7 5 9 13 11 4 6 8 12 10"
point(i) = int(word(points, (i - 1) % words(points) + 1))

# A figure of another table than runs.csv sets `alone`.
if (!exists("alone")) {
if (strlen(lacking(runs, "run strategy nodes status step_s"))) { eval refuse(runs, "run strategy nodes status step_s") }
# Swept keys stand between the columns `run` and `strategy`; a series is a strategy and their values.
before = 0
set table $ignored
plot runs using (before == 0 ? (sum [i_ = 1:40] (before == 0 && columnhead(i_) eq "strategy" ? (before = i_, 0) : 0), 0) : 0) every ::0::0 with table
unset table
swept = before - 2
extra(s, n) = n < 1 ? s : extra(s."|".plain(strcol(n + 1)), n - 1)
series(x) = extra(strcol("strategy"), swept)
strategy_of(s) = strstrt(s, "|") ? s[1:strstrt(s, "|") - 1] : s
variant_of(s) = strstrt(s, "|") ? s[strstrt(s, "|") + 1:*] : "-"
readable(s) = strstrt(s, "|") ? strategy_of(s).", ".readable(variant_of(s)) : s

# What there is: series, and their variants, which differ by the shape of their points.
all = ""; variants = ""; fewest = 1e9; most = 0
meet(s) = has(known, s) ? 0 : (strangers = joined(strangers, s), 0)
note(s, n) = (meet(strategy_of(s)), all = joined(all, s), variants = joined(variants, variant_of(s)), \
              fewest = n < fewest ? n : fewest, most = n > most ? n : most, 0)
set table $ignored
plot runs using (strcol("status") eq "ok" && strlen(strcol("step_s")) ? note(series(0), column("nodes")) : 0) with table
unset table
point_of(s) = point(place(variants, variant_of(s)))
if (most == 0) { print figure.': skipped, no run is ok and took a step'; exit status 0 }
}
