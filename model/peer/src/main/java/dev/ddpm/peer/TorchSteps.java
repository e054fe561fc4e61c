package dev.ddpm.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A process that times one kind of step: {@code TINY|MNIST|LABML|HO TRAIN|SAMPLE THREADS SECONDS
 * contiguous|channels_last}. Prints one line of JSON. {@code OMP_NUM_THREADS} must be the number of
 * threads too.
 */
public final class TorchSteps {
  private static final int TIMESTEPS = 1000;

  private final TorchNetwork network;
  private final Tensor images;
  private final Tensor beta;
  private final Tensor alpha;
  private final Tensor alphaBar;

  private TorchSteps(TorchNetwork network, MemoryFormat format) {
    this.network = network;
    this.images =
        torch
            .rand(network.batch(), network.imageChannels(), network.side(), network.side())
            .contiguous(format);
    this.beta = torch.linspace(new Scalar(1e-4), new Scalar(0.02), TIMESTEPS);
    this.alpha = beta.neg().add(new Scalar(1f));
    this.alphaBar = alpha.cumprod(0);
  }

  public static void main(String[] args) throws IOException {
    torch.set_num_threads(Integer.parseInt(args[2]));
    MemoryFormat format =
        args[4].equals("channels_last") ? MemoryFormat.ChannelsLast : MemoryFormat.Contiguous;
    TorchSteps steps = new TorchSteps(TorchNetwork.of(args[0], format), format);
    Runnable step = args[1].equals("TRAIN") ? steps.training() : steps.sampling();
    double seconds = Double.parseDouble(args[3]);
    repeat(step, seconds / 2);
    long[] times = repeat(step, seconds);
    Arrays.sort(times);
    double median = times[times.length / 2] / 1e6;
    System.out.printf(
        Locale.ROOT,
        "{\"medianMillis\":%.4f,\"minimumMillis\":%.4f,\"steps\":%d,\"imagesPerSecond\":%.4f,"
            + "\"peakMegabytes\":%.1f,\"parameters\":%d}%n",
        median,
        times[0] / 1e6,
        times.length,
        steps.network.batch() / median * 1e3,
        peakMegabytes(),
        steps.network.parameterCount());
  }

  private Runnable training() {
    // makes the parameters
    try (PointerScope scope = new PointerScope()) {
      network.forward(images, timesteps(500));
    }
    Adam adam = new Adam(network.parameters(), new AdamOptions(2e-5));
    return () -> {
      try (PointerScope scope = new PointerScope()) {
        Tensor t =
            torch.randint(
                TIMESTEPS, new long[] {network.batch()}, new TensorOptions(ScalarType.Long));
        Tensor noise = torch.randn_like(images);
        Tensor signal = at(alphaBar, t);
        Tensor xt =
            signal.sqrt().mul(images).add(signal.neg().add(new Scalar(1f)).sqrt().mul(noise));
        adam.zero_grad();
        Tensor loss = torch.mse_loss(noise, network.forward(xt, t));
        loss.backward();
        adam.step();
        requireFinite(loss.item_float());
      }
    };
  }

  private Runnable sampling() {
    network.training(false);
    Tensor x = torch.randn_like(images);
    Tensor t = timesteps(500);
    return () -> {
      try (PointerScope scope = new PointerScope();
          NoGradGuard guard = new NoGradGuard()) {
        Tensor epsilon = network.forward(x, t);
        Tensor z = torch.randn_like(x);
        Tensor factor = at(beta, t).div(at(alphaBar, t).neg().add(new Scalar(1f)).sqrt());
        Tensor mean = x.sub(factor.mul(epsilon)).div(at(alpha, t).sqrt());
        Tensor next = mean.add(at(beta, t).sqrt().mul(z));
        requireFinite(next.sum().item_float());
      }
    };
  }

  private Tensor timesteps(long t) {
    return torch.full(
        new long[] {network.batch()}, new Scalar(t), new TensorOptions(ScalarType.Long));
  }

  private static Tensor at(Tensor table, Tensor t) {
    return table.gather(-1, t).reshape(-1, 1, 1, 1);
  }

  private static void requireFinite(float value) {
    if (!Float.isFinite(value)) {
      throw new IllegalStateException("A step gave " + value);
    }
  }

  private static long[] repeat(Runnable step, double seconds) {
    long[] times = new long[1 << 16];
    int count = 0;
    long start = System.nanoTime();
    while (count < 3 || System.nanoTime() - start < seconds * 1e9) {
      if (count == times.length) {
        times = Arrays.copyOf(times, 2 * count);
      }
      long before = System.nanoTime();
      step.run();
      times[count++] = System.nanoTime() - before;
    }
    return Arrays.copyOf(times, count);
  }

  private static double peakMegabytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
        .findFirst()
        .orElse(Double.NaN);
  }
}
