package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibrariesTest {
  private static final String UNKNOWN = "libno-library-of-this-name.so.13";

  @TempDir Path folder;

  @Test
  void whatIsNowhereIsNamedWithTheWaysToNameItsFolder() {
    assertThatThrownBy(() -> new Libraries(List.of(folder)).load(List.of(UNKNOWN), "CUDA 13"))
        .isInstanceOf(DdpmException.class)
        .hasMessageStartingWith("CUDA 13 is not here, or not whole: there is no " + UNKNOWN)
        .hasMessageContaining("LD_LIBRARY_PATH")
        .hasMessageContaining("-Dorg.bytedeco.javacpp.platform.preloadpath")
        .hasMessageContaining("backend.device = cpu");
  }

  @Test
  void whatCannotBeLoadedIsNamedWithTheLinkersReason() throws IOException {
    Path damaged = folder.resolve(UNKNOWN);
    Files.writeString(damaged, "no library");

    assertThatThrownBy(() -> new Libraries(List.of(folder)).load(List.of(UNKNOWN), "cuDNN 9"))
        .isInstanceOf(DdpmException.class)
        .hasMessageStartingWith(damaged + " cannot be loaded (")
        .hasMessageContaining("install cuDNN 9 anew");
  }

  @Test
  void wheelsAreFoundInEveryKindOfEnvironment() throws IOException {
    Path user = folder.resolve("lib/python3.12/site-packages/nvidia/cu13/lib");
    Path system = folder.resolve("lib/python3/dist-packages/nvidia/cudnn/lib");
    Path other = folder.resolve("lib/python3.12/site-packages/torch/lib");
    for (Path made : List.of(user, system, other)) {
      Files.createDirectories(made);
    }

    assertThat(Libraries.wheels(folder)).containsExactlyInAnyOrder(user, system);
    assertThat(Libraries.wheels(folder.resolve("absent"))).isEmpty();
  }
}
