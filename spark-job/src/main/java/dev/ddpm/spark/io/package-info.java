/**
 * Files on any Hadoop file system that exist complete or not at all, Parquet and JSON in them, and
 * the lease by which one driver at a time writes to a folder.
 */
package dev.ddpm.spark.io;
