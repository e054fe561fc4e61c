/**
 * The typed experiment configuration.
 *
 * <p>Precedence, highest first:
 *
 * <ol>
 *   <li>{@code --set key=value} on the command line, the last one of a key winning
 *   <li>the file given with {@code --config} (HOCON)
 *   <li>where a model is used, what its folder says of sampling it
 *   <li>where Spark gives tasks GPUs, that networks are computed on them
 *   <li>the default of the preset, for the keys that have one
 *   <li>the default of the key
 * </ol>
 *
 * <p>A key exists in exactly one place: a component of one of the records of {@link
 * dev.ddpm.spark.config.ExperimentConfig}, annotated with its default, bounds and documentation.
 * Loading, the effective configuration and the Markdown reference are derived from those.
 */
package dev.ddpm.spark.config;
