package dev.ddpm.bench;

import dev.ddpm.backend.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Times steps in processes of their own, in turn with those of a peer, and prints a table. */
@Command(
    name = "benchmark.sh",
    mixinStandardHelpOptions = true,
    description = {
      "Times the training step and the sampler step: one worker of one thread, and two.",
      "Each figure comes from a process of its own; with --peer, its rounds alternate with those of"
          + " the same step on libtorch, whose best variant counts."
    })
public final class Benchmark implements Callable<Integer> {
  private static final Work[] INFERENCE = {Work.SAMPLE};

  @Option(
      names = "--networks",
      split = ",",
      description = "TINY, MNIST, LABML and HO (default: all; with --cold, MNIST)")
  private List<Network> networks;

  @Option(
      names = "--precision",
      description =
          "FLOAT32 (default), or BFLOAT16 for the sampler step alone, which libtorch computes in"
              + " float32 all the same")
  private Precision precision = Precision.FLOAT32;

  @Option(names = "--workers", split = ",", description = "numbers of workers (default: 1,2)")
  private List<Integer> workers = List.of(1, 2);

  @Option(names = "--seconds", description = "timed seconds of a process (default: 10)")
  private double seconds = 10;

  @Option(names = "--rounds", description = "processes per figure; the median counts (default: 3)")
  private int rounds = 3;

  @Option(names = "--blocks", description = "print a row per kind of block too")
  private boolean blocks;

  @Option(names = "--peer", paramLabel = "CLASSPATH", description = "class path of the peer")
  private String peer;

  @Option(
      names = "--cold",
      description = "time the first seconds of a process instead, and compare them with its end")
  private boolean cold;

  @Option(
      names = "--jvm",
      paramLabel = "OPTIONS",
      description = "options of the JVMs, such as those of a compiler")
  private String jvm = "";

  public static void main(String[] args) {
    System.exit(new CommandLine(new Benchmark()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    var processes = new Processes(jvm.isBlank() ? List.of() : List.of(jvm.strip().split(" +")));
    if (cold) {
      new ColdTable(processes, rounds, seconds)
          .print(networks == null ? List.of(Network.MNIST) : networks, workers);
      return 0;
    }
    List<Network> timed = networks == null ? List.of(Network.values()) : networks;
    if (peer != null && timed.contains(Network.HO)) {
      System.out.println(PeerAgreement.check(processes, peer));
    }
    for (int count : workers) {
      double ceiling = processes.products(count, seconds);
      System.out.printf(
          Locale.ROOT,
          "%n%d worker(s) of one thread; products of 2048×2048 matrices: %.0f GFLOP/s%n%n",
          count,
          ceiling);
      System.out.println(
          "| network | step | images/s | shortest ms | GFLOP/s | of ceiling | peak MB |"
              + (peer == null ? "" : " libtorch images/s | variant | ratio |"));
      System.out.println("|---|---|---|---|---|---|---|" + (peer == null ? "" : "---|---|---|"));
      for (Network network : timed) {
        for (Work work : precision == Precision.FLOAT32 ? Work.values() : INFERENCE) {
          row(processes, network, work, count, ceiling);
        }
      }
    }
    if (blocks) {
      for (Network network : timed) {
        System.out.println();
        processes.blocks(network, seconds).forEach(System.out::println);
      }
    }
    return 0;
  }

  private void row(Processes processes, Network network, Work work, int count, double ceiling)
      throws IOException, InterruptedException {
    List<Measurement> ours = new ArrayList<>();
    Map<PeerVariant, List<Measurement>> theirs = new EnumMap<>(PeerVariant.class);
    for (int round = 0; round < rounds; round++) {
      ours.add(processes.steps(network, work, precision, count, seconds));
      for (PeerVariant variant : peer == null ? new PeerVariant[0] : PeerVariant.values()) {
        Measurement other = processes.peer(peer, variant, network, work, count, seconds);
        if (other.parameters() != ours.get(0).parameters()) {
          throw new IllegalStateException(
              "The peer's network has %d parameters, this one %d."
                  .formatted(other.parameters(), ours.get(0).parameters()));
        }
        theirs.computeIfAbsent(variant, absent -> new ArrayList<>()).add(other);
      }
    }
    double images = medianRate(ours);
    double gigaflops = images * work.flops(network.architecture().plan()) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %.1f | %.2f | %.0f | %.0f %% | %.0f |",
        network,
        work.name().toLowerCase(Locale.ROOT),
        images,
        ours.stream().mapToDouble(Measurement::minimumMillis).min().orElseThrow(),
        gigaflops,
        100 * gigaflops / ceiling,
        ours.stream().mapToDouble(Measurement::peakMegabytes).max().orElseThrow());
    if (peer != null) {
      PeerVariant best =
          Collections.max(
              theirs.keySet(),
              Comparator.comparingDouble(variant -> medianRate(theirs.get(variant))));
      double other = medianRate(theirs.get(best));
      System.out.printf(Locale.ROOT, " %.1f | %s | %.2f |", other, best, images / other);
    }
    System.out.println();
  }

  private static double medianRate(List<Measurement> measurements) {
    double[] rates =
        measurements.stream().mapToDouble(Measurement::imagesPerSecond).sorted().toArray();
    int middle = rates.length / 2;
    return rates.length % 2 == 1 ? rates[middle] : (rates[middle - 1] + rates[middle]) / 2;
  }
}
