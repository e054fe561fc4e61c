package dev.ddpm.spark.config;

import dev.ddpm.DdpmException.Category;
import dev.ddpm.fuzz.Fuzz;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A configuration with slips of any kind is read as it stands, or refused in one line. */
class ConfigLoaderFuzzTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"fashion-mnist.conf", "cifar10.conf"})
  void configuration(String name) throws Exception {
    Path file = folder.resolve(name);
    new Fuzz(
            Files.readAllBytes(Path.of("../conf", name)),
            bytes -> {
              Files.write(file, bytes);
              return ConfigLoader.load(Optional.of(file), List.of());
            })
        .withoutChecksum()
        .refusedAs(Category.USER)
        .run();
  }
}
