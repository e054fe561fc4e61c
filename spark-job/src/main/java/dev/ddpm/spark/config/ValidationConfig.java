package dev.ddpm.spark.config;

import java.io.Serializable;

/** How training is watched while it goes on. */
public record ValidationConfig(
    @Key(
            value = "0",
            absent = "0",
            in = "[0, 1)",
            doc = "Share of the images that are held out to validate; 0 = none.")
        double fraction,
    @Key(
            value = "50",
            absent = "50",
            in = "[1, 1000000000]",
            doc = "Rounds between two validations.")
        int every,
    @Key(
            value = "0",
            absent = "0",
            in = "[0, 1000000000]",
            doc = "Validations without a new best loss after which training ends; 0 = never.")
        int patience,
    @Key(
            value = "0",
            absent = "0",
            in = "[0, 1000000000]",
            doc =
                "Rounds between two contact sheets, whose images always start from the same noise;"
                    + " 0 = none.")
        int sheetEvery)
    implements Serializable {}
