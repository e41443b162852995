# Loss and test accuracy against simulated time, a line a run
figure = "learning"
folder = ARG0[1:strlen(ARG0) - strlen("learning.gp")]
load folder."style.gnuplot"

x_name = "simulated_s"
x_label = "simulated time"
x_scale(most) = most < 1e-6 ? 1e9 : most < 1e-3 ? 1e6 : most < 1 ? 1e3 : 1.0
x_unit(most) = most < 1e-6 ? "ns" : most < 1e-3 ? "us" : most < 1 ? "ms" : "s"
load folder."curves.gnuplot"
