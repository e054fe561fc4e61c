package dev.ddpm.image;

/** What the values of a pixel mean. */
public enum Channels {
  /** One value: brightness. */
  GREY(1),
  /** Red, green, blue. */
  RGB(3),
  /** Red, green, blue, alpha (255 is opaque); the colour is not premultiplied. */
  RGBA(4);

  private final int count;

  Channels(int count) {
    this.count = count;
  }

  /** Values per pixel. */
  public int count() {
    return count;
  }
}
