package dev.ddpm.spark.cli;

import java.util.Iterator;
import picocli.CommandLine.ITypeConverter;

/** Reads an option whose values are the constants of an enum, and lists them for its help. */
abstract class WordConverter<E extends Enum<E>> implements ITypeConverter<E>, Iterable<String> {
  private final Class<E> type;

  WordConverter(Class<E> type) {
    this.type = type;
  }

  @Override
  public E convert(String word) {
    return Words.parse(type, word);
  }

  @Override
  public Iterator<String> iterator() {
    return Words.of(type).iterator();
  }
}
