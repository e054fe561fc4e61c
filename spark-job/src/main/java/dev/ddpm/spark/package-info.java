/**
 * The jobs and their command line.
 *
 * <p>Packages import downwards only: {@code cli} → the jobs ({@code ingest}, {@code train}, {@code
 * sample}, {@code interpolate}, {@code evaluate}, {@code compare}, {@code plan}, {@code exchange},
 * {@code classify}, {@code ema}; none imports another) → {@code stored} → {@code dataset}, {@code
 * config} → {@code cluster} → {@code io}.
 */
package dev.ddpm.spark;
