/**
 * The command line: {@link dev.ddpm.spark.cli.Ddpm} and one class per sub-command. Every failure is
 * one line on the standard error and an exit code by its category.
 */
package dev.ddpm.spark.cli;
