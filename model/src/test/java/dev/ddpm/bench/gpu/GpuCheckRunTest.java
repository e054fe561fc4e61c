package dev.ddpm.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.backend.cuda.driver.NvidiaCards;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All processes of a run where every one fails, beside a peer that does not. */
class GpuCheckRunTest {
  private static final String PEER =
      """
      import sys
      if "--check" in sys.argv:
          print('{"check": "tiny", "eps": 1e-6, "loss": 1e-7, "gradient": 2e-5}')
      elif "compiled" in sys.argv:
          print('{"network": "TINY", "precision": "tf32", "mode": "compiled", "failed": "no gcc"}')
          sys.exit(5)
      else:
          print('{"device": "a card"}')
          print('{"network": "TINY", "batch": 256, "precision": "tf32", "mode": "eager",'
                ' "train_images_s": 12.0, "sample_images_s": 20.0, "peak_mib": 1}')
      """;

  @TempDir Path folder;

  @Test
  void goesOnWhateverFails() throws Exception {
    assumeFalse(new NvidiaCards().hasDriver(), "this machine has a driver of NVIDIA's");
    StepProcesses processes = new StepProcesses(600);
    assumeTrue(
        processes.run(List.of("python3", "--version"), 10, folder.resolve("python")).isEmpty(),
        "python3 is not on this machine");
    Path script = Files.writeString(folder.resolve("peer.py"), PEER);
    Results results = new Results();
    Peer peer = new Peer(script, processes, folder, results);

    new GpuCheck(folder, folder.resolve("none.bin"), processes, results)
        .runOnDevice(List.of(Benchmarked.TINY), Optional.of(peer), folder.resolve("golden"));

    Map<String, List<Check>> checks =
        results.checks().stream().collect(Collectors.groupingBy(Check::step));
    assertThat(checks.remove("PEER"))
        .containsExactly(new Check("PEER", "golden vectors", "float32", 2e-5, 1e-3, null));
    assertThat(checks.keySet())
        .containsExactlyInAnyOrder(
            "EXAMINATION",
            "PIECES",
            "LAYERS",
            "NETWORKS",
            "AGREEMENT",
            "DETERMINISM",
            "LEARNING",
            "SPEED");
    assertThat(checks.get("SPEED")).hasSize(3);
    assertThat(checks.values())
        .allSatisfy(
            list ->
                assertThat(list)
                    .allSatisfy(
                        check ->
                            assertThat(check.failure()).contains("There is no NVIDIA driver")));
    assertThat(results.speeds())
        .containsExactly(new Speed("PyTorch, eager", "TINY", 256, "tf32", 12, 20));
    assertThat(results.leftOut())
        .hasSize(2)
        .anyMatch(line -> line.contains("no gcc"))
        .anyMatch(line -> line.contains("exit status 5"));
    Results stored =
        new ObjectMapper().readValue(folder.resolve("check.json").toFile(), Results.class);
    assertThat(stored).isEqualTo(results);
    assertThat(folder.resolve("check.md"))
        .content()
        .contains("| speed | TINY, batch 256, PyTorch, eager | tf32 | 12 images/s trained");
  }
}
