package dev.ddpm.bench.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.backend.cuda.driver.NvidiaCards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Checks and times a card, one process after the other, in less than five minutes: {@code
 * OUTPUT-FOLDER CPU-RESULTS GOLDEN-FILE [PEER-SCRIPT]}. Writes {@code check.json} and {@code
 * check.md}. The exit status is 0 if all that was asked for passed, 1 if not, 3 without a card.
 */
public final class GpuCheck {
  /** Of five minutes, some are needed for unpacking. */
  private static final double SECONDS = 280;

  private static final int SPEED_SECONDS = 60;
  private static final double PEER_SECONDS = 1;
  private static final int NO_CARD = 3;

  private final Path folder;
  private final Path cpuResults;
  private final Results results;
  private final StepProcesses processes;

  GpuCheck(Path folder, Path cpuResults, StepProcesses processes, Results results) {
    this.folder = folder;
    this.cpuResults = cpuResults;
    this.processes = processes;
    this.results = results;
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    Path folder = Path.of(args[0]);
    Files.createDirectories(folder);
    Results results = new Results();
    StepProcesses processes = new StepProcesses(SECONDS);
    GpuCheck check = new GpuCheck(folder, Path.of(args[1]), processes, results);
    if (!new NvidiaCards().hasDriver()) {
      System.err.println("error: no card: this machine has no driver of NVIDIA's (libcuda.so.1)");
      results.checks().add(Check.failed(Step.DEVICE.name(), "a driver", "", "no card"));
      Report.write(results, folder);
      System.exit(NO_CARD);
    }
    Optional<Peer> peer =
        args.length > 3
            ? Optional.of(new Peer(Path.of(args[3]), processes, folder, results))
            : Optional.empty();
    check.run(peer, Path.of(args[2]));
    System.out.print(Report.markdown(results));
    System.exit(results.passed() ? 0 : 1);
  }

  private void run(Optional<Peer> peer, Path golden) throws IOException, InterruptedException {
    step(Step.DEVICE);
    Report.write(results, folder);
    if (results.passed()) {
      runOnDevice(List.of(Benchmarked.values()), peer, golden);
    }
  }

  /** What makes sense on a card that answers. */
  Results runOnDevice(List<Benchmarked> networks, Optional<Peer> peer, Path golden)
      throws IOException, InterruptedException {
    for (Step step : EnumSet.complementOf(EnumSet.of(Step.DEVICE))) {
      step(step);
      // what was found so far is there whatever comes
      Report.write(results, folder);
    }
    if (peer.isPresent()) {
      peer.get().check(golden);
    } else {
      results.leftOut().add("PyTorch: the bundle was packed without --peer");
    }
    for (Benchmarked network : networks) {
      speed(network);
      if (peer.isPresent()) {
        peer.get().bench(network, "eager", PEER_SECONDS);
      }
      Report.write(results, folder);
    }
    if (peer.isPresent()) {
      for (Benchmarked network : networks) {
        peer.get().bench(network, "compiled", PEER_SECONDS);
      }
    }
    Report.write(results, folder);
    return results;
  }

  private void step(Step step) throws IOException, InterruptedException {
    String name = step.name();
    take(name, name, step.seconds(), cpuResults.toString(), name);
  }

  private void speed(Benchmarked network) throws IOException, InterruptedException {
    take(SpeedCheck.STEP, network.name(), SPEED_SECONDS, "speed", network.name());
  }

  private void take(String step, String what, int seconds, String... arguments)
      throws IOException, InterruptedException {
    String name = String.join("-", step, what).toLowerCase(Locale.ROOT);
    Path found = folder.resolve(name + ".json");
    Files.deleteIfExists(found);
    String[] all = new String[arguments.length + 1];
    all[0] = found.toString();
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    Optional<String> failure =
        processes.run(
            StepProcesses.java(folder.resolve("kernels"), GpuStep.class, all),
            seconds,
            folder.resolve(name + ".txt"));
    if (Files.exists(found)) {
      results.add(new ObjectMapper().readValue(found.toFile(), Results.class));
      Files.delete(found);
    }
    failure.ifPresent(why -> results.checks().add(Check.failed(step, what, "", why)));
  }
}
