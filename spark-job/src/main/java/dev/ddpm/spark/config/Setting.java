package dev.ddpm.spark.config;

/**
 * The effective value of a key.
 *
 * @param path section and name, such as {@code training.batch-size}
 * @param value as it would be written in a file
 * @param origin where it comes from: {@code --set}, {@code file:line}, {@code preset paper} or
 *     {@code default}
 */
public record Setting(String path, String value, String origin) {}
