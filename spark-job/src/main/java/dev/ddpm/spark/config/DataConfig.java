package dev.ddpm.spark.config;

import java.io.Serializable;

/** The training images. */
public record DataConfig(
    @Key(
            value = "\"\"",
            doc =
                "Image table to train on: a Parquet folder on any file system that Spark reaches,"
                    + " as `ingest` writes it.")
        String table)
    implements Serializable {}
