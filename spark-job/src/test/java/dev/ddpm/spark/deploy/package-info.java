/** Whole applications on clusters that the tests start: standalone, YARN with HDFS, Kubernetes. */
package dev.ddpm.spark.deploy;
