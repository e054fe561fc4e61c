package dev.ddpm.backend.cuda;

import static dev.ddpm.backend.cuda.CudaTensor.address;

import dev.ddpm.backend.Tensor;
import dev.ddpm.diffusion.CleanBatch;
import dev.ddpm.diffusion.Noising;
import dev.ddpm.image.ImageShape;
import dev.ddpm.random.Stream;

/**
 * Noises images on the card: their levels go there, and of each image what the kernel makes the
 * rest of.
 */
final class CudaNoising {
  /** What is known of an image: see the kernel {@code noiseImages}. */
  private static final int WORDS = 8;

  private final Device device;
  private byte[] levels = {};
  private int[] words = {};

  /** Where the card has levels and words; 0, which is no address, before there are any. */
  private long levelsOnCard;

  private long wordsOnCard;

  CudaNoising(Device device) {
    this.device = device;
  }

  /** See {@link dev.ddpm.backend.Kernels#noise}. */
  void run(Noising noising, CleanBatch batch, int from, Tensor xt, Tensor target) {
    ImageShape image = noising.image();
    int size = image.size();
    int images = xt.size(0);
    reserve(images, size);
    for (int i = 0; i < images; i++) {
      System.arraycopy(batch.levels()[from + i], 0, levels, i * size, size);
      describe(noising, batch, from + i, i * WORDS);
    }
    device.upload(levels, images * size, levelsOnCard);
    device.upload(words, wordsOnCard);
    Launches.run(
        device,
        "noiseImages",
        images * size,
        levelsOnCard,
        wordsOnCard,
        address(xt),
        address(target),
        images,
        size,
        image.width(),
        image.channels(),
        noising.range().zeroLevel(),
        noising.range().levelsPerUnit(),
        noising.seed(),
        Stream.TRAINING_NOISE.id());
  }

  private void describe(Noising noising, CleanBatch batch, int number, int at) {
    long id = batch.ids()[number];
    Noising.Factors factors = noising.factors(batch.timesteps()[number]);
    words[at] = (int) id;
    words[at + 1] = (int) (id >>> 32);
    words[at + 2] = batch.uses()[number];
    words[at + 3] = batch.mirrored()[number] ? 1 : 0;
    words[at + 4] = Float.floatToRawIntBits(factors.image());
    words[at + 5] = Float.floatToRawIntBits(factors.noise());
    words[at + 6] = Float.floatToRawIntBits(factors.targetImage());
    words[at + 7] = Float.floatToRawIntBits(factors.targetNoise());
  }

  /** Nothing that is recorded knows this memory, so that it may move. */
  private void reserve(int images, int size) {
    if (levels.length < images * size || words.length < images * WORDS) {
      if (levelsOnCard != 0) {
        device.free(levelsOnCard);
        device.free(wordsOnCard);
      }
      levels = new byte[images * size];
      words = new int[images * WORDS];
      levelsOnCard = device.allocate(levels.length);
      wordsOnCard = device.allocate((long) words.length * Integer.BYTES);
    }
  }
}
