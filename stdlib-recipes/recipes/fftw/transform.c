/* Transforms a wave and back again, in one thread and in two. NUMBER is a type of numbers, and
 * FFTW(name) a name of its library. */
#include <math.h>
#include <stdio.h>
#include <fftw3.h>

enum { SIZE = 240, TURNS = 7 };

static int is_near(NUMBER a, NUMBER b) { return fabsl((long double)a - b) < 1e-3L; }

static int transforms(void) {
    NUMBER *wave = FFTW(alloc_real)(SIZE);
    FFTW(complex) *parts = FFTW(alloc_complex)(SIZE / 2 + 1);
    FFTW(plan) there = FFTW(plan_dft_r2c_1d)(SIZE, wave, parts, FFTW_ESTIMATE);
    FFTW(plan) back = FFTW(plan_dft_c2r_1d)(SIZE, parts, wave, FFTW_ESTIMATE);
    if (!wave || !parts || !there || !back) return 0;

    long double turn = 2 * acosl(-1.0L) * TURNS / SIZE;
    for (int at = 0; at < SIZE; at++) wave[at] = (NUMBER)cosl(turn * at);
    FFTW(execute)(there);
    int is_right = 1;
    /* All of it is in the part that is named for the turns. */
    for (int at = 0; at <= SIZE / 2; at++) {
        is_right &= is_near(parts[at][0], at == TURNS ? SIZE / 2 : 0) && is_near(parts[at][1], 0);
    }
    FFTW(execute)(back);
    for (int at = 0; at < SIZE; at++) is_right &= is_near(wave[at] / SIZE, (NUMBER)cosl(turn * at));

    FFTW(destroy_plan)(there);
    FFTW(destroy_plan)(back);
    FFTW(free)(wave);
    FFTW(free)(parts);
    return is_right;
}

int main(void) {
    if (!transforms()) return 1;
#ifdef THREADS
    if (!FFTW(init_threads)()) return 2;
    FFTW(plan_with_nthreads)(2);
    if (!transforms()) return 3;
    FFTW(cleanup_threads)();
#endif
    return puts(FFTW(version)) < 0;
}
