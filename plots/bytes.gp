# Loss and test accuracy against the bytes that all nodes have sent, a line a run
figure = "bytes"
folder = ARG0[1:strlen(ARG0) - strlen("bytes.gp")]
load folder."style.gnuplot"

x_name = "bytes_sent"
x_label = "bytes sent by all nodes"
x_scale(most) = most < 1e3 ? 1.0 : most < 1e6 ? 1e-3 : most < 1e9 ? 1e-6 : 1e-9
x_unit(most) = most < 1e3 ? "B" : most < 1e6 ? "kB" : most < 1e9 ? "MB" : "GB"
load folder."curves.gnuplot"
