package dev.ddpm.spark.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderClasspath;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import dev.ddpm.DdpmException;
import java.io.File;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** A HOCON file with all that it includes. */
final class ConfigFile {
  private ConfigFile() {}

  /**
   * Reads a file, its includes and its substitutions.
   *
   * @throws DdpmException (user) if it, or what it includes, cannot be read or is not valid
   */
  static ConfigObject read(Path file) {
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      throw DdpmException.user("--config %s: there is no such readable file.", file);
    }
    ConfigParseOptions options =
        ConfigParseOptions.defaults()
            .setAllowMissing(false)
            .setIncluder(new RequiredIncludes(file, null));
    try {
      // Of a path without a folder the library would look for includes on the class path only.
      ConfigObject root =
          ConfigFactory.parseFile(file.toAbsolutePath().toFile(), options).resolve().root();
      requireUtf8(root, file);
      return root;
    } catch (OutOfMemoryError substituted) {
      throw DdpmException.user(
          "--config %s: not valid: what its substitutions come to does not fit into memory.", file);
    } catch (ConfigException invalid) {
      throw DdpmException.user(
          "--config %s: not valid HOCON: %s",
          file, invalid.getMessage().strip().replaceAll("\\s+", " "));
    }
  }

  /**
   * The library puts a replacement character where a file, or one that it includes, is no UTF-8.
   */
  private static void requireUtf8(ConfigObject root, Path file) {
    if (root.render(ConfigRenderOptions.concise()).indexOf('\uFFFD') >= 0) {
      throw DdpmException.user(
          "--config %s: has text that is not UTF-8; save it in that encoding.", file);
    }
  }

  /**
   * Includes as HOCON has them, but for one that is missing: HOCON reads it as an empty file, so
   * that whatever it was to set would silently be a default.
   *
   * @param file the configuration, for messages
   * @param reader reads what is included; the library gives it
   */
  private record RequiredIncludes(Path file, ConfigIncluder reader)
      implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderURL, ConfigIncluderClasspath {

    @Override
    public ConfigIncluder withFallback(ConfigIncluder fallback) {
      return new RequiredIncludes(file, fallback);
    }

    @Override
    public ConfigObject include(ConfigIncludeContext context, String what) {
      return required(context, what, strict -> reader.include(strict, what));
    }

    @Override
    public ConfigObject includeFile(ConfigIncludeContext context, File what) {
      return required(
          context,
          what.toString(),
          strict -> ((ConfigIncluderFile) reader).includeFile(strict, what));
    }

    @Override
    public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
      return required(
          context,
          what.toString(),
          strict -> ((ConfigIncluderURL) reader).includeURL(strict, what));
    }

    @Override
    public ConfigObject includeResources(ConfigIncludeContext context, String what) {
      return required(
          context,
          what,
          strict -> ((ConfigIncluderClasspath) reader).includeResources(strict, what));
    }

    private ConfigObject required(
        ConfigIncludeContext context,
        String what,
        Function<ConfigIncludeContext, ConfigObject> included) {
      try {
        return included.apply(
            context.setParseOptions(context.parseOptions().setAllowMissing(false)));
      } catch (ConfigException.IO missing) {
        throw DdpmException.user("--config %s: includes %s, which cannot be read.", file, what);
      }
    }
  }
}
