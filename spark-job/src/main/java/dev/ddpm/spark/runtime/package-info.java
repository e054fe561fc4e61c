/**
 * What jobs need of the machines they run on: a self-check of driver and executors before the first
 * real task, and files that exist complete or not at all.
 */
package dev.ddpm.spark.runtime;
