package dev.ddpm.spark.config;

/** How β_t grows with t. */
public enum ScheduleChoice {
  /** Linearly from {@code beta-first} to {@code beta-last} (Ho et al., arXiv 2006.11239). */
  LINEAR,
  /** So that ᾱ follows a squared cosine (Nichol and Dhariwal, arXiv 2102.09672). */
  COSINE
}
