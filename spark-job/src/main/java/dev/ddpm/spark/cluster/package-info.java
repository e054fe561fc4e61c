/**
 * What every job on a cluster does: the self-check of driver and executors before the first real
 * task, the memory budget, pools of models on the executors, arrays on the wire, and progress.
 */
package dev.ddpm.spark.cluster;
