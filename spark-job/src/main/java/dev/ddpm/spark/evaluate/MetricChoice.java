package dev.ddpm.spark.evaluate;

/** The metrics that an evaluation can compute, by the words of option {@code --metrics}. */
public enum MetricChoice {
  /** Bits per dimension of the images of the table: the variational bound of Ho et al. */
  BITS_PER_DIM {
    @Override
    Metric create() {
      return new BitsPerDim();
    }
  },

  /** The Fréchet distance of features, as that by which FID is known. */
  FRECHET {
    @Override
    Metric create() {
      return new Frechet();
    }
  },

  /** The kernel distance of features. */
  KID {
    @Override
    Metric create() {
      return new Kid();
    }
  },

  /** How many samples lie where real images are. */
  PRECISION {
    @Override
    Metric create() {
      return new Precision();
    }
  },

  /** How many real images lie where samples are. */
  RECALL {
    @Override
    Metric create() {
      return new Recall();
    }
  },

  /** How densely real images lie around samples. */
  DENSITY {
    @Override
    Metric create() {
      return new Density();
    }
  },

  /** How many real images have a sample near to them. */
  COVERAGE {
    @Override
    Metric create() {
      return new Coverage();
    }
  },

  /** How many samples are taken for what they were asked to be. */
  AGREEMENT {
    @Override
    Metric create() {
      return new Agreement();
    }
  },

  /** Whether samples are images that the model was trained on. */
  MEMORISATION {
    @Override
    Metric create() {
      return new Memorisation();
    }
  };

  abstract Metric create();
}
