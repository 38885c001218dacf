"use strict";
// Countdowns, the viewer's time zone, and pages that keep themselves fresh. Everything works without it, only less conveniently.
(() => {
  const UNITS = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];

  // as routing/words.py says it: the two greatest units
  function span(seconds) {
    let left = Math.max(0, Math.floor(seconds));
    const said = [];
    for (const [size, unit] of UNITS) {
      const number = Math.floor(left / size);
      left %= size;
      if (number || said.length) said.push([number, unit]);
    }
    return said.slice(0, 2).filter(([number]) => number).map(([number, unit]) => number + unit).join(" ") || "0s";
  }

  function tick() {
    const now = Date.now();
    for (const place of document.querySelectorAll("[data-due]")) {
      const left = (Date.parse(place.dataset.due) - now) / 1000;
      const words = left > 0 ? span(left) + " left" : span(-left) + " late";
      if (place.textContent !== words) place.textContent = words;
    }
    for (const place of document.querySelectorAll("[data-since]")) {
      const words = span((now - Date.parse(place.dataset.since)) / 1000);
      if (place.textContent !== words) place.textContent = words;
    }
  }

  const SHAPES = {
    minute: { hour: "2-digit", minute: "2-digit", hour12: false },
    clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
    stamp: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false },
  };

  // times stand in the viewer's zone; the site's zone is kept in the title
  function localise(root) {
    for (const place of root.querySelectorAll("time[data-show]")) {
      const at = new Date(place.dateTime);
      if (!Number.isNaN(at.valueOf())) place.textContent = new Intl.DateTimeFormat("en-GB", SHAPES[place.dataset.show]).format(at);
    }
  }

  // the texts speak the site's time: say so where the viewer's clock shows another
  function noteZone(root) {
    const at = (zone) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "numeric", minute: "numeric", day: "numeric" }).format();
    const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const place of root.querySelectorAll("[data-site-zone]")) {
      if (at(mine) === at(place.dataset.siteZone)) continue;
      place.textContent = "Times here are in your zone, " + mine + ". The words to people speak of times in " + place.dataset.siteZone + ".";
      place.hidden = false;
    }
  }

  // --- replacing what changed, and nothing else: focus, typed text, open details and scroll stay ---

  const keyOf = (node) => (node.nodeType === 1 ? node.dataset.key || node.id : "") || "";

  function renew(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType !== 1) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes]) {
      const ownToTheViewer = name === "open" && old.nodeName === "DETAILS";
      if (!ownToTheViewer && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    if (old.nodeName !== "TEXTAREA") renewChildren(old, fresh);
  }

  function renewChildren(old, fresh) {
    const keyed = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
    let place = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      const same = keyOf(next) ? keyed.get(keyOf(next)) : place && !keyOf(place) ? place : null;
      if (!same) {
        old.insertBefore(next, place);
        continue;
      }
      if (same !== place) old.insertBefore(same, place);
      place = same.nextSibling;
      renew(same, next);
    }
    while (place) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
  }

  // --- keeping a page fresh ---

  class Live {
    constructor(region) {
      this.region = region;
      this.every = Number(region.dataset.every) || 3000;
      this.bar = document.querySelector(".live");
      this.said = this.bar && this.bar.querySelector(".said");
      this.button = this.bar && this.bar.querySelector("button");
      this.etag = null;
      this.fails = 0;
      this.paused = false;
      if (this.button) this.button.addEventListener("click", () => this.toggle());
      document.addEventListener("visibilitychange", () => { if (!document.hidden) this.soon(0); });
      this.headline = this.readHeadline();
      this.soon(this.every);
    }

    toggle() {
      this.paused = !this.paused;
      this.bar.classList.toggle("paused", this.paused);
      this.button.textContent = this.paused ? "Resume updates" : "Pause updates";
      this.said.textContent = this.paused ? "Paused" : "Live";
      if (!this.paused) this.soon(0);
    }

    soon(wait) {
      clearTimeout(this.alarm);
      this.alarm = setTimeout(() => this.look(), wait);
    }

    async look() {
      if (this.paused || document.hidden) return;
      try {
        const address = new URL(location.href);
        address.searchParams.set("live", "1");
        address.hash = "";
        const answer = await fetch(address, { headers: this.etag ? { "If-None-Match": this.etag } : {}, cache: "no-store", redirect: "manual" });
        if (answer.type === "opaqueredirect") { location.reload(); return; }
        if (answer.status === 200) this.show(await answer.text(), answer.headers);
        else if (answer.status !== 304) throw new Error(String(answer.status));
        this.well();
      } catch {
        this.ill();
      }
      this.soon(Math.min(this.every * (1 + this.fails), 15000));
    }

    show(html, headers) {
      this.etag = headers.get("ETag");
      const fresh = new DOMParser().parseFromString(html, "text/html").body;
      localise(fresh);
      noteZone(fresh);
      renewChildren(this.region, fresh);
      tick();
      this.announce();
    }

    readHeadline() {
      const place = this.region.querySelector("[data-headline]");
      return place ? place.dataset.headline : "";
    }

    announce() {
      const words = this.readHeadline();
      const ears = document.getElementById("ears");
      if (ears && words && words !== this.headline) ears.textContent = words;
      this.headline = words;
    }

    well() {
      if (this.fails && this.said) { this.bar.classList.remove("stale"); this.said.textContent = "Live"; }
      this.fails = 0;
      this.freshAt = new Date();
    }

    ill() {
      this.fails += 1;
      if (this.fails < 2 || !this.said) return;
      this.bar.classList.add("stale");
      const since = this.freshAt ? " since " + this.freshAt.toLocaleTimeString("en-GB") : "";
      this.said.textContent = "Not updated" + since + ": Headroom does not answer. Still trying.";
    }
  }

  // a button pressed twice acts once
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    setTimeout(() => { delete form.dataset.sent; if (event.submitter) event.submitter.removeAttribute("aria-busy"); }, 4000);
  });

  // a tapped call button is a try; the call itself is the phone's business
  for (const link of document.querySelectorAll("a[data-dialled]")) {
    link.addEventListener("click", () => {
      fetch(location.pathname, { method: "POST", body: new URLSearchParams({ do: "dialled" }), keepalive: true }).catch(() => {});
    });
  }

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    });
  }

  localise(document);
  noteZone(document);
  tick();
  setInterval(tick, 1000);
  const region = document.querySelector("[data-live]");
  if (region) new Live(region);
})();
