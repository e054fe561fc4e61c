/** What training costs on a cluster, from measured figures, before there is a cluster. */
package dev.ddpm.spark.plan;
