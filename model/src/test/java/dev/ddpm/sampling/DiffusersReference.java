package dev.ddpm.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The samplers of diffusers 0.21.4 as their definitions read, in float64 and, where they think in
 * noise levels σ rather than in timesteps, in x/√ᾱ: nothing is shared with what is tested. The
 * schedule is linear, T = 1000, and the model puts out ε̂ = x·t/(t + 1).
 */
final class DiffusersReference {
  private static final int T = 1000;

  private final double[] alphaBar = new double[T];
  private final double[] sigma = new double[T];

  DiffusersReference() {
    double product = 1;
    for (int t = 0; t < T; t++) {
      product *= 1 - (1e-4 + (0.02 - 1e-4) * t / (T - 1));
      alphaBar[t] = product;
      sigma[t] = Math.sqrt((1 - product) / product);
    }
  }

  private static double[] model(double[] x, double t) {
    return Arrays.stream(x).map(value -> value * t / (t + 1)).toArray();
  }

  private double signal(int t) {
    return Math.sqrt(alphaBar[t]);
  }

  private double noise(int t) {
    return Math.sqrt(1 - alphaBar[t]);
  }

  private double lambda(int t) {
    return Math.log(signal(t)) - Math.log(noise(t));
  }

  /** Timesteps of DDPM, DDIM, Euler and Heun, falling; those of Euler and Heun are not rounded. */
  static double[] timesteps(String spacing, int steps, int offset) {
    double[] timesteps = new double[steps];
    for (int i = 0; i < steps; i++) {
      timesteps[steps - 1 - i] =
          switch (spacing) {
            case "linspace" -> 999.0 * i / (steps - 1);
            case "leading" -> i * (T / steps) + offset;
            default -> Math.rint(T - (steps - 1 - i) * ((double) T / steps)) - 1;
          };
    }
    return timesteps;
  }

  /** Timesteps of the multistep solvers, falling. */
  int[] solverTimesteps(String spacing, int steps, int offset) {
    int[] timesteps = new int[steps];
    for (int i = 0; i < steps; i++) {
      timesteps[i] =
          switch (spacing) {
            case "linspace" -> (int) Math.rint(999.0 * (steps - i) / steps);
            case "leading" -> (steps - i) * (T / (steps + 1)) + offset;
            case "trailing" -> (int) Math.rint(T - i * ((double) T / steps)) - 1;
            default -> (int) Math.rint(time(karras(sigma[T - 1], sigma[0], steps)[i]));
          };
    }
    return Arrays.stream(timesteps).distinct().toArray();
  }

  static double[] karras(double largest, double smallest, int steps) {
    double[] levels = new double[steps];
    double high = Math.pow(largest, 1 / 7.0);
    double low = Math.pow(smallest, 1 / 7.0);
    Arrays.setAll(levels, i -> Math.pow(high + (low - high) * i / (steps - 1), 7));
    return levels;
  }

  /** σ between timesteps, linearly. */
  double level(double time) {
    int below = (int) Math.min(time, T - 2);
    return sigma[below] + (time - below) * (sigma[below + 1] - sigma[below]);
  }

  /** Timestep between those whose log σ it lies between. */
  double time(double level) {
    int below = 0;
    while (below < T - 2 && sigma[below + 1] <= level) {
      below++;
    }
    double low = Math.log(sigma[below]);
    double share = (Math.log(level) - low) / (Math.log(sigma[below + 1]) - low);
    return below + Math.min(1, Math.max(0, share));
  }

  /** Euler's or Heun's method. */
  double[] continuous(
      double[] start, double[] timesteps, boolean karras, boolean heun, double clip, boolean unit) {
    int n = timesteps.length;
    double[] levels = Arrays.stream(timesteps).map(this::level).toArray();
    double[] times = timesteps;
    if (karras) {
      levels = karras(levels[0], levels[n - 1], n);
      times = Arrays.stream(levels).map(this::time).toArray();
    }
    double factor = unit ? Math.sqrt(levels[0] * levels[0] + 1) : levels[0];
    double[] x = Arrays.stream(start).map(value -> value * factor).toArray();
    for (int step = 0; step < n; step++) {
      double next = step + 1 < n ? levels[step + 1] : 0;
      double[] d = derivative(x, levels[step], times[step], clip);
      double[] reached = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        reached[i] = x[i] + (next - levels[step]) * d[i];
      }
      if (heun && next > 0) {
        double[] second = derivative(reached, next, times[step + 1], clip);
        for (int i = 0; i < x.length; i++) {
          reached[i] = x[i] + (next - levels[step]) * (d[i] + second[i]) / 2;
        }
      }
      x = reached;
    }
    return x;
  }

  private static double[] derivative(double[] x, double level, double time, double clip) {
    double scale = Math.sqrt(level * level + 1);
    double[] epsilon = model(Arrays.stream(x).map(v -> v / scale).toArray(), time);
    double[] d = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double x0 = Math.min(clip, Math.max(-clip, x[i] - level * epsilon[i]));
      d[i] = (x[i] - x0) / level;
    }
    return d;
  }

  private double[] predicted(double[] x, int t) {
    double[] epsilon = model(x, t);
    double[] x0 = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      x0[i] = (x[i] - noise(t) * epsilon[i]) / signal(t);
    }
    return x0;
  }

  /** DPM-Solver++(2M), which ends at timestep 0. */
  double[] dpmSolver(double[] start, int[] timesteps) {
    double[] x = start.clone();
    double[] before = null;
    for (int step = 0; step < timesteps.length; step++) {
      int t = timesteps[step];
      boolean last = step == timesteps.length - 1;
      int to = last ? 0 : timesteps[step + 1];
      double[] x0 = predicted(x, t);
      double h = lambda(to) - lambda(t);
      boolean first = before == null || (last && timesteps.length < 15);
      double r = first ? 1 : (lambda(t) - lambda(timesteps[step - 1])) / h;
      for (int i = 0; i < x.length; i++) {
        double slope = first ? 0 : (x0[i] - before[i]) / r;
        x[i] =
            noise(to) / noise(t) * x[i]
                - signal(to) * Math.expm1(-h) * x0[i]
                - 0.5 * signal(to) * Math.expm1(-h) * slope;
      }
      before = x0;
    }
    return x;
  }

  /** UniPC, bh2, order 2, which ends at timestep 0. */
  double[] uniPc(double[] start, int[] timesteps) {
    double[] x = start.clone();
    double[] corrected = x;
    List<double[]> outputs = new ArrayList<>();
    int order = 1;
    for (int step = 0; step < timesteps.length; step++) {
      double[] output = predicted(x, timesteps[step]);
      if (step > 0) {
        x = update(timesteps, step - 1, timesteps[step], corrected, outputs, output, order);
      }
      outputs.add(output);
      corrected = x;
      order = Math.min(Math.min(2, timesteps.length - step), outputs.size());
      int to = step == timesteps.length - 1 ? 0 : timesteps[step + 1];
      x = update(timesteps, step, to, x, outputs, null, order);
    }
    return x;
  }

  private double[] update(
      int[] timesteps,
      int from,
      int to,
      double[] x,
      List<double[]> outputs,
      double[] seen,
      int order) {
    int s = timesteps[from];
    double h = lambda(to) - lambda(s);
    double b = Math.expm1(-h);
    double rk = order == 2 ? (lambda(timesteps[from - 1]) - lambda(s)) / h : 1;
    double phi = b / -h - 1;
    double first = phi / b;
    double second = (phi / -h - 0.5) * 2 / b;
    double rho = seen == null ? 0.5 : (second - first) / (rk - 1);
    double rhoSeen = order == 1 ? 0.5 : first - rho;
    double[] m = outputs.get(from);
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double residual = order == 2 ? rho * (outputs.get(from - 1)[i] - m[i]) / rk : 0;
      residual += seen == null ? 0 : rhoSeen * (seen[i] - m[i]);
      out[i] = noise(to) / noise(s) * x[i] - signal(to) * b * m[i] - signal(to) * b * residual;
    }
    return out;
  }

  /** PNDM of the spacing leading, with Runge and Kutta's first steps or without. */
  double[] pndm(double[] start, int steps, int offset, boolean skipsPrk, double finalAlphaBar) {
    int ratio = T / steps;
    int[] falling = new int[steps];
    Arrays.setAll(falling, i -> (steps - 1 - i) * ratio + offset);
    double[] x = start.clone();
    List<double[]> ets = new ArrayList<>();
    int first = 0;
    if (!skipsPrk) {
      for (; first < 3; first++) {
        int t = falling[first];
        int half = t - ratio / 2;
        int next = falling[first + 1];
        double[] e1 = model(x, t);
        ets.add(e1);
        double[] e2 = model(previous(x, t, half, e1, finalAlphaBar), half);
        double[] e3 = model(previous(x, t, half, e2, finalAlphaBar), half);
        double[] e4 = model(previous(x, t, next, e3, finalAlphaBar), next);
        double[] e = new double[x.length];
        Arrays.setAll(e, i -> e1[i] / 6 + e2[i] / 3 + e3[i] / 3 + e4[i] / 6);
        x = previous(x, t, next, e, finalAlphaBar);
      }
    }
    for (int step = first; step < steps; step++) {
      int t = falling[step];
      double[] e0 = model(x, t);
      ets.add(e0);
      double[] e = new double[x.length];
      int known = ets.size();
      if (known == 1) {
        double[] e1 = model(previous(x, t, t - ratio, e0, finalAlphaBar), t - ratio);
        Arrays.setAll(e, i -> (e0[i] + e1[i]) / 2);
      } else if (known == 2) {
        Arrays.setAll(e, i -> (3 * e0[i] - ets.get(0)[i]) / 2);
      } else if (known == 3) {
        Arrays.setAll(e, i -> (23 * e0[i] - 16 * ets.get(1)[i] + 5 * ets.get(0)[i]) / 12);
      } else {
        Arrays.setAll(
            e,
            i ->
                (55 * e0[i]
                        - 59 * ets.get(known - 2)[i]
                        + 37 * ets.get(known - 3)[i]
                        - 9 * ets.get(known - 4)[i])
                    / 24);
      }
      x = previous(x, t, t - ratio, e, finalAlphaBar);
    }
    return x;
  }

  /** Formula 9 of Liu et al. */
  private double[] previous(double[] x, int t, int to, double[] e, double finalAlphaBar) {
    double a = alphaBar[t];
    double b = to >= 0 ? alphaBar[to] : finalAlphaBar;
    double denominator = a * Math.sqrt(1 - b) + Math.sqrt(a * (1 - a) * b);
    double[] out = new double[x.length];
    Arrays.setAll(out, i -> Math.sqrt(b / a) * x[i] - (b - a) * e[i] / denominator);
    return out;
  }

  /** ᾱ of the first timestep, which is where some processes end. */
  double firstAlphaBar() {
    return alphaBar[0];
  }

  /** DDIM, η = 0, whose ε̂ is the model's also where x̂_0 is clipped to ±1. */
  double[] ddim(double[] start, int[] timesteps, double finalAlphaBar) {
    double[] x = start.clone();
    for (int step = 0; step < timesteps.length; step++) {
      int t = timesteps[step];
      double next = step == timesteps.length - 1 ? finalAlphaBar : alphaBar[timesteps[step + 1]];
      double[] x0 = predicted(x, t);
      double[] epsilon = model(x, t);
      for (int i = 0; i < x.length; i++) {
        double clipped = Math.min(1, Math.max(-1, x0[i]));
        x[i] = Math.sqrt(next) * clipped + Math.sqrt(1 - next) * epsilon[i];
      }
    }
    return x;
  }
}
