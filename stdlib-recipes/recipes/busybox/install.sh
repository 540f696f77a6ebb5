#!/bin/sh
# install(1), as far as makefiles use it.
set -eu

mode=
folders=no
parents=no
target=
while [ $# -gt 0 ]; do
    case $1 in
    -d) folders=yes; shift ;;
    -D) parents=yes; shift ;;
    -c | -p | -s | -v | -C | -b) shift ;;
    -m) mode=$2; shift 2 ;;
    -o | -g) shift 2 ;;
    -m*) mode=${1#-m}; shift ;;
    --mode=*) mode=${1#*=}; shift ;;
    -t) target=$2; shift 2 ;;
    -pm | -cm) mode=$2; shift 2 ;;
    --) shift; break ;;
    -*) echo "install: unknown option $1" >&2; exit 2 ;;
    *) break ;;
    esac
done

if [ $folders = yes ]; then
    mkdir -p "$@"
    [ -z "$mode" ] || chmod "$mode" "$@"
    exit 0
fi

if [ -z "$target" ]; then
    count=$#
    for last; do :; done
    target=$last
else
    count=-1
    mkdir -p "$target"
fi

at=0
for source; do
    at=$((at + 1))
    [ $at != $count ] || break
    place=$target
    [ ! -d "$target" ] || place=$target/${source##*/}
    [ $parents = no ] || mkdir -p "${place%/*}"
    rm -f "$place"
    cp "$source" "$place"
    chmod "${mode:-755}" "$place"
done
