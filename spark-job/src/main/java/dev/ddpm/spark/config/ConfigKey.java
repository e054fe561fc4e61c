package dev.ddpm.spark.config;

import com.typesafe.config.ConfigFactory;
import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.Preset;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One key of the configuration, as its record component declares it.
 *
 * @param section the section that it is in
 * @param name its name within the section, in kebab case
 * @param type what its value must be
 * @param interval the numbers allowed
 * @param doc what it controls, in one sentence
 * @param paperDefault its default with the {@code paper} preset, in HOCON
 * @param labmlDefault its default with the {@code labml} preset, in HOCON
 * @param since the version that first knew it
 * @param absent what was computed before there was the key, in HOCON; empty if it has been there
 *     from the first stored version on
 */
record ConfigKey(
    String section,
    String name,
    ValueType type,
    Interval interval,
    String doc,
    String paperDefault,
    String labmlDefault,
    String since,
    String absent) {

  /** Reads the declaration of a record component. */
  static ConfigKey of(String section, RecordComponent component) {
    Key key = component.getAnnotation(Key.class);
    if (key == null) {
      throw new IllegalStateException(component + " of section " + section + " has no @Key");
    }
    return new ConfigKey(
        section,
        kebab(component.getName()),
        ValueType.of(component.getGenericType()),
        Interval.parse(key.in()),
        key.doc(),
        key.value().isEmpty() ? key.paper() : key.value(),
        key.value().isEmpty() ? key.labml() : key.value(),
        key.since(),
        key.absent());
  }

  static String kebab(String camelCase) {
    return camelCase.replaceAll("(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
  }

  String path() {
    return section + "." + name;
  }

  boolean dependsOnPreset() {
    return !paperDefault.equals(labmlDefault);
  }

  /** The default with a preset, as it would be written in a file. */
  String defaultText(Preset preset) {
    return preset == Preset.LABML ? labmlDefault : paperDefault;
  }

  /** What is allowed, such as "a number, at least 0 and below 1". */
  String allowed() {
    String bounds = interval.describe();
    if (bounds.isEmpty()) {
      return type.description();
    }
    return type.description() + (type.list() ? ", each " : ", ") + bounds;
  }

  /** The default with a preset. */
  Object defaultValue(Preset preset) {
    return parse(defaultText(preset), "default");
  }

  /** What its absence from a stored folder meant, as {@link Setting#value} has it. */
  Optional<String> absentText() {
    return absent.isEmpty()
        ? Optional.empty()
        : Optional.of(ValueType.write(parse(absent, "absent")));
  }

  private Object parse(String text, String origin) {
    return read(ConfigFactory.parseString("value = " + text).getAnyRef("value"), origin);
  }

  /**
   * Reads a value.
   *
   * @param raw text, a number, a boolean or a list of those
   * @param origin where it was written, for the message
   * @throws DdpmException (user) if it is of the wrong type or out of bounds
   */
  Object read(Object raw, String origin) {
    Object value = type.read(raw).orElseThrow(() -> refused(raw, origin));
    if (!numbers(value).allMatch(number -> interval.contains(new BigDecimal(number.toString())))) {
      throw refused(raw, origin);
    }
    return value;
  }

  private static Stream<?> numbers(Object value) {
    Stream<?> values = value instanceof List<?> list ? list.stream() : Stream.of(value);
    return values.filter(Number.class::isInstance);
  }

  private DdpmException refused(Object raw, String origin) {
    return DdpmException.user(
        "%s = %s (%s): must be %s.", path(), Excerpt.of(raw), origin, allowed());
  }
}
