package dev.ddpm.spark.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A configuration key: default, bounds and documentation of a record component. The key's name is
 * the component's in kebab case: {@code batchSize} is {@code batch-size}.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Key {

  /** What the key controls, in one sentence. */
  String doc();

  /** The default of every preset, in HOCON; unused where the presets have their own. */
  String value() default "";

  /** The default of the {@code paper} preset, in HOCON. */
  String paper() default "";

  /** The default of the {@code labml} preset, in HOCON. */
  String labml() default "";

  /**
   * The allowed values of a number or of each number of a list, as an interval: {@code "[0, 1)"} is
   * 0 ≤ value &lt; 1, {@code "[1, inf)"} at least 1.
   */
  String in() default "(-inf, inf)";

  /** The version of this program that first knew the key. */
  String since() default "0.1.0";

  /**
   * The value, in HOCON, that everything was computed with before there was the key: what a stored
   * run or sample folder that says nothing of it is taken to have. Required of a key that came
   * after the first stored version.
   */
  String absent() default "";
}
