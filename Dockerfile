# Only npm of this image is used: the appliance runs the Node that package.json pins.
FROM node:22-bookworm-slim

WORKDIR /opt/bascule
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY . .

# PostgreSQL refuses to run as root, and nothing here needs to be.
RUN useradd --system --home-dir /var/lib/bascule --shell /usr/sbin/nologin bascule \
  && mkdir -p /var/lib/bascule /etc/bascule \
  && chown bascule:bascule /var/lib/bascule
USER bascule
ENV BASCULE_DATA_DIR=/var/lib/bascule
VOLUME ["/var/lib/bascule"]

# SIP, then the range of media.ports; RTP wants the host's network (--network host) beyond a trial.
EXPOSE 5060/udp 5060/tcp 5061/tcp
STOPSIGNAL SIGTERM
ENTRYPOINT ["scripts/bascule"]
CMD ["start", "--config", "/etc/bascule/bascule.yaml"]
