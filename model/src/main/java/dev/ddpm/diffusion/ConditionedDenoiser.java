package dev.ddpm.diffusion;

/** See {@link Denoiser#conditionedOn}. */
final class ConditionedDenoiser implements Denoiser {
  private final Denoiser model;
  private final int[] classes;

  ConditionedDenoiser(Denoiser model, int[] classes) {
    this.model = model;
    this.classes = classes;
  }

  @Override
  public void predict(Batch in, float[] out) {
    model.predict(in.ofClasses(classes), out);
  }

  @Override
  public void drawNoise(
      long seed, long firstIndex, int step, int images, int imageSize, float[] out) {
    model.drawNoise(seed, firstIndex, step, images, imageSize, out);
  }

  @Override
  public void close() {
    model.close();
  }
}
