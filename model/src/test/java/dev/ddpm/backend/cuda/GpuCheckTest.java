package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.Precision;
import dev.ddpm.bench.gpu.CardUnderTest;
import dev.ddpm.bench.gpu.Check;
import dev.ddpm.bench.gpu.ReducedCheck;
import dev.ddpm.bench.gpu.Results;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is to check cards, on one that is emulated. */
class GpuCheckTest {
  private static final CardUnderTest EMULATED = card(EmulatedDevice::new);

  @TempDir Path folder;

  private static CardUnderTest card(Supplier<Device> device) {
    return new CardUnderTest(
        device,
        precision -> new CudaEngine(device.get(), precision),
        precision -> new CudaBackend(() -> Optional.of(new OneCard(device))).examine(precision));
  }

  /** What a back end finds where there is one card. */
  private record OneCard(Supplier<Device> device) implements Cards {
    @Override
    public boolean hasDriver() {
      return true;
    }

    @Override
    public int count() {
      return 1;
    }

    @Override
    public String uuid(int card) {
      return "GPU-00000000-0000-0000-0000-000000000000";
    }

    @Override
    public void require(int card, Precision precision) {}

    @Override
    public Device open(int card) {
      return device.get();
    }
  }

  @Test
  void findsNoFaultInTheEmulatedCard() throws Exception {
    Results results = ReducedCheck.run(EMULATED, folder);

    assertThat(results.checks()).allMatch(Check::passed);
    assertThat(results.checks().stream().map(Check::step).distinct())
        .containsExactly(
            "DEVICE",
            "EXAMINATION",
            "PIECES",
            "DETERMINISM",
            "LAYERS",
            "NETWORKS",
            "AGREEMENT",
            "LEARNING",
            "SPEED");
    assertThat(results.machine()).containsExactly("a card that is emulated");
    assertThat(results.passed()).isTrue();
    assertThat(results.speeds()).hasSize(1).allMatch(speed -> speed.trainImagesPerSecond() > 0);
  }

  /** Limits leave room for a library that writes the results of convolutions in bfloat16. */
  @Test
  void findsNoFaultInACardWithNarrowResults() throws Exception {
    Results results = ReducedCheck.run(card(EmulatedDevice::narrow), folder);

    assertThat(results.checks()).allMatch(Check::passed);
  }

  /** A card that loses every third product, whichever network it is of. */
  private static Device forgetful(AtomicInteger products) {
    EmulatedDevice device = new EmulatedDevice();
    return (Device)
        Proxy.newProxyInstance(
            Device.class.getClassLoader(),
            new Class<?>[] {Device.class},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(device, arguments);
                return result instanceof Device.Product product
                    ? losing(product, device, products)
                    : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static Device.Product losing(
      Device.Product product, Device device, AtomicInteger products) {
    return (a, b, c) -> {
      product.run(a, b, c);
      if (products.incrementAndGet() % 3 == 0) {
        device.clear(c, Float.BYTES);
      }
    };
  }

  @Test
  void findsTheFaultsOfACardThatLosesProducts() {
    AtomicInteger products = new AtomicInteger();
    Results results = new Results();

    ReducedCheck.runWithoutOthers(card(() -> forgetful(products)), results);

    Map<Boolean, List<String>> whats =
        results.checks().stream()
            .collect(
                Collectors.partitioningBy(
                    Check::passed, Collectors.mapping(Check::what, Collectors.toList())));
    assertThat(whats.get(false))
        .hasSize(5 + 3)
        .allMatch(what -> what.startsWith("product") || what.startsWith("weights that differ"));
    assertThat(whats.get(true)).contains("swish", "Adam").hasSize(10 + 11 + 2 + 3);
    assertThat(results.passed()).isFalse();
  }

  @Test
  void aCardThatJobsWouldRefuseFailsItsExamination() {
    AtomicInteger products = new AtomicInteger(2);
    Results results = new Results();

    ReducedCheck.examine(card(() -> forgetful(products)), results);

    assertThat(results.checks()).hasSize(3).allMatch(check -> check.step().equals("EXAMINATION"));
    assertThat(results.checks().get(0).failure())
        .contains("GPU 0 (emulated card) computes a product wrongly (0.0 in place of");
    assertThat(results.checks().subList(1, 3)).allMatch(Check::passed);
  }
}
