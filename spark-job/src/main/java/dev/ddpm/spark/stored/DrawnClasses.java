package dev.ddpm.spark.stored;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.sampling.ClassSequence;
import dev.ddpm.spark.config.Excerpt;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which class of a model each drawn image has: a function of its index and of the shares of the
 * classes, and of nothing else.
 */
public final class DrawnClasses implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Of a model that knows no classes. */
  public static final DrawnClasses NONE =
      new DrawnClasses(ClassLabels.NONE, ClassSequence.uniform(1), 0);

  /** Key of a configuration, and of the settings of a folder. */
  public static final String KEY = "sampling.classes";

  /** Key of the settings of a folder under which the names of all classes are kept, as JSON. */
  private static final String NAMES_KEY = "model_classes";

  private static final String UNIFORM = "uniform";
  private static final String ALL = "all";
  private static final int SHOWN_NAMES = 12;

  private final ClassLabels labels;
  private final ClassSequence sequence;
  private final long total;

  private DrawnClasses(ClassLabels labels, ClassSequence sequence, long total) {
    this.labels = labels;
    this.sequence = sequence;
    this.total = total;
  }

  /** All classes of a model in equal shares; {@link #NONE} if it knows none. */
  public static DrawnClasses uniform(ClassLabels labels) {
    return labels.exist()
        ? new DrawnClasses(labels, ClassSequence.uniform(labels.count()), 0)
        : NONE;
  }

  /**
   * Classes in given shares.
   *
   * @param labels of the model
   * @param shares of each class, at least 0 and not all of them 0
   * @throws DdpmException (user) if their ratios come out too seldom
   */
  static DrawnClasses of(ClassLabels labels, List<Long> shares) {
    try {
      return new DrawnClasses(labels, ClassSequence.of(shares), 0);
    } catch (DdpmException seldom) {
      throw DdpmException.user("%s: %s", KEY, seldom.getMessage());
    }
  }

  /**
   * Reads the classes of a configuration.
   *
   * @param labels of the model
   * @param text {@code uniform}, {@code all=N}, or names or numbers of classes joined by commas,
   *     each with {@code =N} behind it or not: how many, or in which ratio
   * @throws DdpmException (user) if it is none of these, names a class that the model does not
   *     know, or the model knows no classes
   */
  public static DrawnClasses parse(ClassLabels labels, String text) {
    if (text.equals(UNIFORM)) {
      return uniform(labels);
    }
    if (!labels.exist()) {
      throw DdpmException.user("%s = %s: the model knows no classes.", KEY, Excerpt.of(text));
    }
    List<Long> shares = new ArrayList<>(Collections.nCopies(labels.count(), 0L));
    boolean counted = true;
    for (String part : text.split(",", -1)) {
      int equals = part.lastIndexOf('=');
      String name = (equals < 0 ? part : part.substring(0, equals)).strip();
      long share = equals < 0 ? 1 : share(part.substring(equals + 1).strip(), text);
      counted &= equals >= 0;
      if (name.equals(ALL) && equals >= 0) {
        if (text.contains(",")) {
          throw wrong(text, "all is every class, so that no other can be named beside it");
        }
        Collections.fill(shares, share);
      } else {
        int number = new ClassNames(labels).find(KEY, text, name);
        if (shares.get(number) > 0) {
          throw wrong(text, "the class " + labels.names().get(number) + " is there twice");
        }
        shares.set(number, share);
      }
    }
    DrawnClasses drawn = of(labels, shares);
    long total = counted ? shares.stream().mapToLong(Long::longValue).sum() : 0;
    return new DrawnClasses(labels, drawn.sequence, total);
  }

  private static long share(String number, String text) {
    if (!number.matches("[0-9]{1,12}") || Long.parseLong(number) < 1) {
      throw wrong(text, "'%s' is not a number of images from 1 on".formatted(Excerpt.of(number)));
    }
    return Long.parseLong(number);
  }

  private static DdpmException wrong(String text, String what) {
    return DdpmException.user(
        "%s = %s: %s; it is written uniform, all=100, or trouser=500,bag=500 with the names or"
            + " numbers of classes.",
        KEY, Excerpt.of(text), what);
  }

  /**
   * The number of a class of a model.
   *
   * @param option that names the class, for the message
   * @param name its name or number
   * @throws DdpmException (user) if the model does not know it
   */
  public static int number(ClassLabels labels, String option, String name) {
    return new ClassNames(labels).find(option, name, name);
  }

  /** Whether images have classes. */
  public boolean exist() {
    return labels.exist();
  }

  /** Number of the class of an image. */
  public int of(long index) {
    return sequence.classOf(index);
  }

  /** Numbers of the classes of images that follow each other. */
  public int[] of(long first, int images) {
    return IntStream.range(0, images).map(i -> of(first + i)).toArray();
  }

  /** The names of all classes, by their numbers. */
  public List<String> names() {
    return labels.names();
  }

  /** Name of a class. */
  public String name(int number) {
    return labels.names().get(number);
  }

  /** How many images were asked for by a number behind every class; empty otherwise. */
  public OptionalLong total() {
    return total == 0 ? OptionalLong.empty() : OptionalLong.of(total);
  }

  /** How many of the first images have each class, by the numbers of the classes. */
  public long[] counts(long images) {
    long[] counts = new long[labels.count()];
    long periods = images / sequence.length();
    for (int number = 0; number < counts.length; number++) {
      counts[number] = periods * sequence.shares().get(number);
    }
    for (long index = periods * sequence.length(); index < images; index++) {
      counts[of(index)]++;
    }
    return counts;
  }

  /** The shares as {@link #parse} reads them; equal for equal shares. */
  public String text() {
    List<Integer> shares = sequence.shares();
    if (shares.stream().allMatch(share -> share == 1)) {
      return UNIFORM;
    }
    ClassNames names = new ClassNames(labels);
    return IntStream.range(0, shares.size())
        .filter(number -> shares.get(number) > 0)
        .mapToObj(number -> names.written(number) + "=" + shares.get(number))
        .collect(Collectors.joining(","));
  }

  /** The shares for people, in half a sentence. */
  public String describe() {
    return text().equals(UNIFORM)
        ? "all %,d in equal shares (%s)".formatted(labels.count(), names(labels))
        : Excerpt.of(text());
  }

  /** The names of classes, not more than fit in a line. */
  static String names(ClassLabels labels) {
    String names = labels.names().stream().limit(SHOWN_NAMES).collect(Collectors.joining(", "));
    return labels.count() > SHOWN_NAMES ? names + ", …" : names;
  }

  /** What a folder of images keeps of it, by keys; nothing for images without classes. */
  public Map<String, String> settings() {
    if (!exist()) {
      return Map.of();
    }
    try {
      return Map.of(KEY, text(), NAMES_KEY, new JsonMapper().writeValueAsString(labels.names()));
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** What a folder keeps, but for the names of all classes, which may be many. */
  public static SortedMap<String, String> withoutNames(SortedMap<String, String> settings) {
    SortedMap<String, String> others = new TreeMap<>(settings);
    others.remove(NAMES_KEY);
    return others;
  }

  /**
   * Reads what a folder keeps.
   *
   * @param settings of the folder
   * @throws DdpmException (data) if no folder can have such
   */
  public static DrawnClasses stored(Map<String, String> settings) {
    String names = settings.get(NAMES_KEY);
    if (names == null) {
      return NONE;
    }
    List<String> read = new ArrayList<>();
    try {
      new JsonMapper().readTree(names).forEach(name -> read.add(name.asText()));
    } catch (JsonProcessingException damaged) {
      throw DdpmException.data(
          damaged, "%s = %s: are not the names of classes.", NAMES_KEY, Excerpt.of(names));
    }
    return parse(
        new ClassLabels(read, /* unlabelled= */ false), settings.getOrDefault(KEY, UNIFORM));
  }
}
