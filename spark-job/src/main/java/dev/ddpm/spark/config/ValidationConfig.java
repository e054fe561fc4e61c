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
        int sheetEvery,
    @Key(
            value = "0",
            since = "0.2.0",
            absent = "0",
            in = "[0, 1000000000]",
            doc =
                "Rounds between two Fréchet distances of images that the model draws to the"
                    + " held-out ones; 0 = none.")
        int frechetEvery,
    @Key(
            value = "500",
            since = "0.2.0",
            absent = "500",
            in = "[2, 1000000]",
            doc =
                "Images drawn for such a distance: always from the same noise, by DDIM with 25"
                    + " steps.")
        int frechetImages,
    @Key(
            value = "pixels",
            since = "0.2.0",
            absent = "pixels",
            doc =
                "What validation's Fréchet distance compares images by, as option --extractor of"
                    + " evaluate names it.")
        String extractor,
    @Key(
            value = "loss",
            since = "0.2.0",
            absent = "loss",
            doc =
                "What the best checkpoint and validation.patience go by: loss or frechet, that of"
                    + " the held-out images or the distance to them.")
        BestBy bestBy)
    implements Serializable {}
