package dev.ddpm.spark.config;

import java.io.Serializable;

/** What networks are computed with. */
public record BackendConfig(
    @Key(
            value = "float32",
            since = "0.2.0",
            absent = "float32",
            doc =
                "What networks that are not trained compute in: float32, or bfloat16, with which"
                    + " the factors of convolutions and products are rounded to 8 bits before they"
                    + " are multiplied. That needs a CPU with AMX or AVX512-bf16 on every machine;"
                    + " training needs float32.")
        PrecisionChoice precision)
    implements Serializable {}
