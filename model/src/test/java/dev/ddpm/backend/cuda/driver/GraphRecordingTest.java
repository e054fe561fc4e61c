package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GraphRecordingTest {
  @TempDir Path folder;

  @Test
  void whatWasCapturedIsGivenBackAlsoIfTheWorkFails() throws Exception {
    StubCuda.make(folder);

    assertThat(StubCuda.run(folder, Map.of(), FailWhileRecording.class))
        .isEqualTo("compiled\ngraph destroyed\nthe work failed\ngraph destroyed\nrecorded\n");
  }
}
