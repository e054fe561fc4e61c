package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.GlobFilter;
import org.apache.hadoop.fs.Path;

/** Tells by its name alone whether a file of a folder is to be read as a picture. */
final class PictureNames {
  /**
   * What the names of picture files end with, in lower case. The second line is of formats that are
   * not read: whoever has such pictures shall hear of it.
   */
  private static final Set<String> SUFFIXES =
      Set.of(
          "png", "jpg", "jpeg", "jpe", "jfif", "jif", "gif", "bmp", "dib", "webp", "tif",
          "tiff", //
          "heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpx");

  private static final String MACOS = "/__MACOSX/";

  private final Optional<GlobFilter> glob;

  private PictureNames(Optional<GlobFilter> glob) {
    this.glob = glob;
  }

  /**
   * Takes what matches a glob, or else what ends as the names of pictures do, in any case.
   *
   * @param glob a Hadoop glob on the last part of the name
   * @throws DdpmException (user) if it is no glob
   */
  static PictureNames of(Optional<String> glob) {
    return new PictureNames(glob.map(PictureNames::filter));
  }

  private static GlobFilter filter(String glob) {
    try {
      return new GlobFilter(glob);
    } catch (IOException e) {
      throw DdpmException.user(
          "--glob = %s: is no pattern of file names such as *.{png,jpg}: %s.",
          glob, e.getMessage().lines().findFirst().orElse(""));
    }
  }

  /**
   * Why a file is left out.
   *
   * @param name relative to the root, with slashes
   * @return what goes on after "because it"; empty if the file is to be read
   */
  Optional<String> leftOut(String name) {
    return hidden(name).or(() -> otherName(name));
  }

  /** As {@link #leftOut}, for what is left out whatever it is. */
  static Optional<String> hidden(String name) {
    String file = lastPart(name);
    if (file.startsWith("._") || ("/" + name + "/").contains(MACOS)) {
      return Optional.of("is macOS's note on a file (._… or __MACOSX)");
    }
    if (("/" + name + "/").contains("/../")) {
      return Optional.of("leads out of its folder (a part of its path is ..)");
    }
    if (("/" + name).contains("/.")) {
      return Optional.of("is hidden (its name, or that of a folder, begins with a dot)");
    }
    return Optional.empty();
  }

  private Optional<String> otherName(String name) {
    String file = lastPart(name);
    if (glob.isPresent()) {
      // Without the slash, Hadoop would take what stands before a colon for a scheme.
      return glob.get().accept(new Path("/" + file))
          ? Optional.empty()
          : Optional.of("has a name that does not match --glob");
    }
    int dot = file.lastIndexOf('.');
    return dot >= 0 && SUFFIXES.contains(file.substring(dot + 1).toLowerCase(Locale.ROOT))
        ? Optional.empty()
        : Optional.of("has a name that is not a picture's");
  }

  private static String lastPart(String name) {
    return name.substring(name.lastIndexOf('/') + 1);
  }
}
