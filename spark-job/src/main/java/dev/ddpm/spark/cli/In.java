package dev.ddpm.spark.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The allowed values of an option that is a number, or of each of its numbers. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
@interface In {

  /** An interval as configuration keys have it, such as {@code "[1, 65536]"}. */
  String value();
}
