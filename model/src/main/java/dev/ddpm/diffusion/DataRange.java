package dev.ddpm.diffusion;

import dev.ddpm.DdpmException;

/** The interval that stands for the 256 levels of an image's bytes. */
public enum DataRange {
  /** Level v is v/255. */
  ZERO_TO_ONE(0, 1, 0, 255),

  /** Level v is v/127.5 − 1, computed so that v and 255−v are exact opposites. */
  MINUS_ONE_TO_ONE(-1, 1, 127.5f, 127.5f);

  private final float minimum;
  private final float maximum;
  private final float zeroLevel;
  private final float levelsPerUnit;

  DataRange(float minimum, float maximum, float zeroLevel, float levelsPerUnit) {
    this.minimum = minimum;
    this.maximum = maximum;
    this.zeroLevel = zeroLevel;
    this.levelsPerUnit = levelsPerUnit;
  }

  /** The value of level 0. */
  public float minimum() {
    return minimum;
  }

  /** The value of level 255. */
  public float maximum() {
    return maximum;
  }

  /** The level that stands for 0, between two levels or one of them. */
  public float zeroLevel() {
    return zeroLevel;
  }

  /** Levels from 0 to 1: a level's value is its distance from the zero level divided by them. */
  public float levelsPerUnit() {
    return levelsPerUnit;
  }

  /**
   * Turns levels into values.
   *
   * @param levels unsigned bytes
   * @param levelsOffset position of the first level
   * @param values receives values in {@link #minimum()}..{@link #maximum()}
   * @param offset position of the first value
   * @param length how many
   */
  public void fromBytes(byte[] levels, int levelsOffset, float[] values, int offset, int length) {
    for (int i = 0; i < length; i++) {
      values[offset + i] = ((levels[levelsOffset + i] & 0xff) - zeroLevel) / levelsPerUnit;
    }
  }

  /**
   * Turns values into the nearest levels, halves upwards; values outside the range become its ends.
   * The inverse of {@link #fromBytes} for all levels.
   *
   * @param values values of any size
   * @param offset position of the first value
   * @param levels receives unsigned bytes
   * @param levelsOffset position of the first level
   * @param length how many
   * @throws DdpmException (data) if a value is not a number
   */
  public void toBytes(float[] values, int offset, byte[] levels, int levelsOffset, int length) {
    for (int i = 0; i < length; i++) {
      float level = values[offset + i] * levelsPerUnit + zeroLevel;
      if (Float.isNaN(level)) {
        throw DdpmException.data("Value %d of an image is not a number and has no grey level.", i);
      }
      levels[levelsOffset + i] = (byte) (int) (Math.min(Math.max(level, 0), 255) + 0.5f);
    }
  }
}
