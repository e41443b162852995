#!/bin/sh
# Runs the recorded experiments with the given program and keeps each one's runs.csv and figure beside
# its YAML. Simulated seconds are the same anywhere; see the README on kernels of BLIS for the losses.
set -e
program=$(realpath "$1")
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for file in *.yaml; do
    name=${file%.yaml}
    figure=$(sed -n 's/^# figure: //p' "$file")
    "$program" sweep "$file" --quiet --out "$scratch/$name" > /dev/null
    cp "$scratch/$name/runs.csv" "$name.csv"
    gnuplot -e "dir='$scratch/$name'" "../$figure.gp" > /dev/null
    cp "$scratch/$name/$figure.png" "$name.png"
    echo "plots/experiments: $name.csv $name.png"
done
