package dev.ddpm.spark.stored;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.classifier.ClassifierSpec;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.PixelsSpec;
import dev.ddpm.onnx.OnnxSettings;
import dev.ddpm.onnx.OnnxSpec;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.io.HadoopFileStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The feature extractors, by the words of options and keys that name one: {@code WORD} or {@code
 * WORD:ARGUMENT}.
 */
public enum ExtractorChoice {
  /** Patches of the pixels on several scales; needs no weights. */
  PIXELS("pixels") {
    @Override
    ExtractorSpec create(String option, String argument, Configuration configuration) {
      if (!argument.isEmpty()) {
        throw DdpmException.user(
            "%s = pixels:%s: nothing follows the word pixels.", option, argument);
      }
      return new PixelsSpec();
    }
  },
  /** That of the classifier that comes with the program. */
  FASHION_MNIST("fashion-mnist") {
    @Override
    ExtractorSpec create(String option, String argument, Configuration configuration) {
      if (!argument.isEmpty()) {
        throw DdpmException.user(
            "%s = fashion-mnist:%s: nothing follows the word fashion-mnist.", option, argument);
      }
      return ClassifierSpec.fashionMnist();
    }
  },
  /** The last layer but one of a classifier that the program has trained. */
  CLASSIFIER("classifier:FOLDER") {
    @Override
    ExtractorSpec create(String option, String argument, Configuration configuration) {
      if (argument.isEmpty()) {
        throw DdpmException.user(
            "%s = classifier: names no folder; it is written classifier:FOLDER.", option);
      }
      return ClassifierSpec.read(new HadoopFileStore(argument, configuration));
    }
  },
  /** An output of a network of another system. */
  ONNX("onnx:FILE") {
    @Override
    ExtractorSpec create(String option, String argument, Configuration configuration) {
      OnnxSettings.Argument parsed = OnnxSettings.Argument.parse(option, argument);
      return OnnxSpec.read(
          parsed.file(), bytes(option, parsed.file(), configuration), parsed.settings());
    }
  };

  /** It travels as one array. */
  private static final long MOST_BYTES = 1L << 30;

  private final String form;

  ExtractorChoice(String form) {
    this.form = form;
  }

  /**
   * Opens an extractor.
   *
   * @param option the option or key that names it, for messages
   * @param argument what stands behind the colon; empty without one
   * @throws DdpmException (user, data) if there is no such extractor
   */
  abstract ExtractorSpec create(String option, String argument, Configuration configuration);

  private static byte[] bytes(String option, String file, Configuration configuration) {
    try {
      Path path = new Path(file);
      FileSystem files = path.getFileSystem(configuration);
      long length = files.getFileStatus(path).getLen();
      if (files.getFileStatus(path).isDirectory() || length > MOST_BYTES) {
        throw DdpmException.data(
            "%s = onnx:%s: must be a file of at most %d bytes.", option, file, MOST_BYTES);
      }
      try (InputStream in = files.open(path)) {
        return in.readAllBytes();
      }
    } catch (FileNotFoundException e) {
      throw DdpmException.data(e, "%s = onnx:%s: does not exist.", option, file);
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s = onnx:%s: cannot be read: %s.", option, file, e.getMessage());
    } catch (IllegalArgumentException e) {
      throw DdpmException.user("%s = onnx:%s: is not a path: %s.", option, file, e.getMessage());
    }
  }

  /** How extractors are named. */
  public static List<String> forms() {
    return Arrays.stream(values()).map(choice -> choice.form).toList();
  }

  /**
   * Opens the extractor that an option or key names.
   *
   * @param option the option or key, for messages
   * @param value its value
   * @throws DdpmException (user) if it has none of the {@link #forms}; (user, data) if what it
   *     names cannot be used
   */
  public static ExtractorSpec parse(String option, String value, Configuration configuration) {
    int colon = value.indexOf(':');
    String word = colon < 0 ? value : value.substring(0, colon);
    String argument = colon < 0 ? "" : value.substring(colon + 1);
    return Arrays.stream(values())
        .filter(choice -> Word.of(choice).equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                DdpmException.user(
                    "%s = %s: must be %s.", option, value, String.join(" or ", forms())))
        .create(option, argument, configuration);
  }
}
