package dev.ddpm.bench;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** A process that times the kinds of block of a network, one thread: {@code NETWORK SECONDS}. */
public final class Blocks {
  private Blocks() {}

  public static void main(String[] args) {
    Network network = Network.valueOf(args[0]);
    List<BlockTimes.Row> rows =
        new BlockTimes(network.architecture(), network.batch())
            .measure(Double.parseDouble(args[1]));
    double total =
        rows.stream().mapToDouble(row -> row.forwardMillis() + row.backwardMillis()).sum();
    System.out.printf(Locale.ROOT, "%s, batch %d: %.1f ms%n", network, network.batch(), total);
    System.out.println("| block | number | forward ms | backward ms | share | GFLOP/s |");
    System.out.println("|---|---|---|---|---|---|");
    rows.stream()
        .sorted(Comparator.comparingDouble(row -> -row.forwardMillis() - row.backwardMillis()))
        .forEach(
            row ->
                System.out.printf(
                    Locale.ROOT,
                    "| %s | %d | %.2f | %.2f | %.1f %% | %.0f |%n",
                    row.kind(),
                    row.count(),
                    row.forwardMillis(),
                    row.backwardMillis(),
                    100 * (row.forwardMillis() + row.backwardMillis()) / total,
                    row.gigaflops()));
  }
}
